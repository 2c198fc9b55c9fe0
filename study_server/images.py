"""The bundle's images, by their opaque names; nothing else of the bundle is served."""

from flask import Blueprint, Response, abort, request

from study_server.security import limiter
from study_server.visit import served

blueprint = Blueprint("images", __name__)


@blueprint.get("/images/<name>")
@limiter.exempt
def image(name: str) -> Response:
    """One image, unchanging for ever. Its time of writing would tell the order of writing."""
    bundle = served().bundle
    if name not in bundle.images:
        abort(404)
    response = Response(mimetype="image/webp")
    response.set_etag(bundle.images[name][:16])
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    response.make_conditional(request)
    if response.status_code == 200:
        response.set_data(bundle.image(name).read_bytes())
    return response
