// Turns the switch without a new page. Where this file does not load, the form does the same by itself.

async function turn(form, button) {
  button.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(form.action, { method: "POST", body: new FormData(form) });
    if (!answer.ok) {
      form.submit();
    } else if (new URL(answer.url).pathname !== window.location.pathname) {
      window.location.assign(answer.url); // a question first, or the log-in
    } else {
      show(await answer.text());
    }
  } catch {
    form.submit();
  }
}

function show(html) {
  const page = new DOMParser().parseFromString(html, "text/html");
  const live = page.querySelector("[data-live]");
  const said = page.querySelector(".flashes");
  if (!live || !said) {
    window.location.reload();
    return;
  }
  document.querySelector("[data-live]").replaceWith(live);
  document.querySelector("[data-switch] button")?.focus({ preventScroll: true });
  // The region itself stays, so that screen readers announce what is new in it.
  document.querySelector(".flashes").replaceChildren(...said.childNodes);
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-switch]")) return;
  event.preventDefault();
  const button = form.querySelector("button");
  if (button.getAttribute("aria-busy") !== "true") turn(form, button);
});
