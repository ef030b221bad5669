// Copies, prints, and looks every two seconds whether the test's status has arrived and what a worker has found. Without
// this file the page reloads itself meanwhile, and everything else works as it stands.

const PAUSE_MS = 2000;

for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    const words = button.textContent;
    await navigator.clipboard.writeText(document.querySelector(button.dataset.copy).textContent);
    button.textContent = button.dataset.copied;
    setTimeout(() => { button.textContent = words; }, PAUSE_MS);
  });
}

const print = document.querySelector("[data-print]");
if (print) {
  print.hidden = false;
  print.addEventListener("click", () => window.print());
}
let closed = [];
window.addEventListener("beforeprint", () => {
  closed = [...document.querySelectorAll("[data-line]:not([open])")];
  for (const line of closed) line.open = true;
});
window.addEventListener("afterprint", () => {
  for (const line of closed) line.open = false;
});

async function look() {
  try {
    const answer = await fetch(document.querySelector("[data-setup]").dataset.setup);
    if (!answer.ok || answer.redirected) return;
    show(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch {
    // Offline for a moment: the next look will tell.
    setTimeout(look, PAUSE_MS);
  }
}

function show(page) {
  for (const line of document.querySelectorAll("[data-line]")) {
    const news = page.querySelector(`[data-line="${line.dataset.line}"]`);
    const isTest = line.dataset.line === "test";
    if (!news || (!isTest && news.dataset.seen === line.dataset.seen)) continue;
    // Nobody's half-written number is lost.
    if (line.contains(document.activeElement) || isFilledIn(line)) continue;
    news.open = news.open || line.open;
    line.replaceWith(news);
  }
  for (const part of ["[data-can-send]", "[data-progress] h2", "[data-progress] progress"]) {
    document.querySelector(part)?.replaceWith(page.querySelector(part));
  }
  if (!page.querySelector("[data-first-look]")) document.querySelector("[data-first-look]")?.remove();
  if (page.querySelector("[data-pending]")) setTimeout(look, PAUSE_MS);
}

function isFilledIn(line) {
  return [...line.querySelectorAll("input:not([type=hidden])")].some((field) => field.value !== field.defaultValue);
}

if (document.querySelector("[data-pending]")) setTimeout(look, PAUSE_MS);
