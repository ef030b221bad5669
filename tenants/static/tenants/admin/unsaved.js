// Asks before somebody leaves a form with what is not saved: by a link, by the switch of languages, by closing the window.
// `data-unsaved` says that the page came with something unsaved; a link with `data-discards` means to throw it away.

const content = (form) => {
  const written = new URLSearchParams(new FormData(form));
  written.delete("csrfmiddlewaretoken");
  return written.toString();
};

for (const form of document.querySelectorAll("form[data-asks-before-leaving]")) {
  const before = content(form);
  let isLeaving = false;
  form.addEventListener("submit", () => (isLeaving = true));
  for (const link of form.querySelectorAll("[data-discards]")) link.addEventListener("click", () => (isLeaving = true));
  window.addEventListener("beforeunload", (event) => {
    if (!isLeaving && ("unsaved" in form.dataset || content(form) !== before)) event.preventDefault();
  });
  // Back to the page as it was left: it asks again.
  window.addEventListener("pageshow", () => (isLeaving = false));
}
