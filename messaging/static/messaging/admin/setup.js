// Copies, prints, and looks every two seconds whether the test's status has arrived. Without this file the page reloads
// itself while a test is on its way, and everything else works as it stands.

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
    const answer = await fetch(location.pathname);
    if (!answer.ok || answer.redirected) return;
    show(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch {
    // Offline for a moment: the next look will tell.
    setTimeout(look, PAUSE_MS);
  }
}

function show(page) {
  const line = document.querySelector("[data-line=test]");
  const news = page.querySelector("[data-line=test]");
  if (!line || !news) return;
  news.open = true;
  // Nobody's half-written number is lost.
  if (!line.contains(document.activeElement)) line.replaceWith(news);
  for (const part of ["[data-can-send]", "[data-progress] h2", "[data-progress] progress"]) {
    document.querySelector(part)?.replaceWith(page.querySelector(part));
  }
  if (page.querySelector("[data-pending]") || line.isConnected) setTimeout(look, PAUSE_MS);
}

if (document.querySelector("[data-pending]")) setTimeout(look, PAUSE_MS);
