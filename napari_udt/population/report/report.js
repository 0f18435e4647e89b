// A click on a head sorts its table by that column; a second click turns the order round.
for (const head of document.querySelectorAll("th button")) {
  head.addEventListener("click", () => {
    const cell = head.closest("th"), row = cell.parentNode, body = cell.closest("table").tBodies[0];
    const place = [...row.children].indexOf(cell), down = cell.getAttribute("aria-sort") === "ascending";
    const key = (line) => line.children[place].dataset.value ?? line.children[place].textContent;
    const missing = (text) => text === "–";
    const before = (a, b) => {
      const [x, y] = [key(a), key(b)];
      if (missing(x) || missing(y)) return missing(x) - missing(y); // last, either way
      const order = isNaN(x) || isNaN(y) ? x.localeCompare(y) : x - y;
      return down ? -order : order;
    };
    body.append(...[...body.rows].sort(before));
    for (const other of row.children) other.setAttribute("aria-sort", "none");
    cell.setAttribute("aria-sort", down ? "descending" : "ascending");
  });
}
// Paper shows the provenance, in small print; other folded parts stay in the file.
addEventListener("beforeprint", () => document.querySelector("#provenance details").open = true);
