// What scrolls by itself can be reached by the Tab key.
addEventListener("DOMContentLoaded", () => {
  for (const box of document.querySelectorAll("pre, .table-wrapper, .cell_output, .math")) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
  }
});
