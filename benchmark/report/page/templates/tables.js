// Says of a table that is wider or longer than its place that it goes on.
"use strict";

(() => {
  const watch = new ResizeObserver((seen) => seen.forEach(({ target }) => {
    const hidden = target.scrollWidth > target.clientWidth + 1;
    target.parentElement.querySelector(".hint").hidden = !hidden;
  }));
  document.querySelectorAll(".scroll").forEach((place) => watch.observe(place));
})();

