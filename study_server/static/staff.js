// The staff's pages: a button that copies what stands beside it. Without scripts one click on a link
// selects all of it.
"use strict";

async function copy(button) {
  const shown = document.getElementById(button.dataset.copies);
  const said = button.textContent;
  try {
    await navigator.clipboard.writeText(shown.textContent.trim());
  } catch {  // browsers give no clipboard to a page without HTTPS
    getSelection().selectAllChildren(shown);
    if (!document.execCommand("copy")) return;
  }
  button.textContent = "Copied";
  setTimeout(() => { button.textContent = said; }, 2000);
}

for (const button of document.querySelectorAll("button[data-copies]")) {
  button.hidden = false;
  button.addEventListener("click", () => copy(button));
}
