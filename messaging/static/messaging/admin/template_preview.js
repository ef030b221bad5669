// Shows while somebody writes what the recipient will read and what Meta would say. Without this file, saving does.

const PAUSE_MS = 250;
const form = document.querySelector("[data-template-form]");
let timer;
let asked = 0;

async function refresh() {
  const mine = (asked += 1);
  try {
    const answer = await fetch(form.dataset.previewUrl, { method: "POST", body: new FormData(form) });
    if (!answer.ok || answer.redirected || mine !== asked) return;
    show(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch {
    // Offline: the last preview stays, saving will tell.
  }
}

function show(page) {
  const examples = page.querySelector("[data-examples]");
  const [bubble, findings] = ["[data-bubble]", "[data-findings]"].map((part) => page.querySelector(part));
  if (!bubble || !findings || !examples) return;
  form.querySelector("[data-bubble]").replaceWith(bubble);
  const told = form.querySelector("[data-findings]");
  // The live region stays and is filled anew only when Meta would say something else, so that nothing is read out twice.
  if (told.textContent !== findings.textContent) told.replaceChildren(...findings.childNodes);
  const standing = form.querySelector("[data-examples]");
  // Inputs are replaced only when other placeholders stand in the text, so that nobody loses the place while typing.
  if (standing.dataset.keys !== examples.dataset.keys) standing.replaceWith(examples);
}

form?.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(refresh, PAUSE_MS);
});
