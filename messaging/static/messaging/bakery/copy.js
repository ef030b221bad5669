// Copies a link at one press, or hands it to the phone's other programs. The buttons are hidden until this runs and where
// the browser cannot: without them the link can be marked and copied.

async function copy(button) {
  await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).href);
  // A region of the page that screen readers follow.
  button.closest(".actions").querySelector("[role=status]").textContent = button.dataset.copied;
}

async function share(button) {
  try {
    await navigator.share({ url: document.getElementById(button.dataset.share).href });
  } catch (error) {
    // Whoever closes the list of programs has changed their mind.
    if (error.name !== "AbortError") throw error;
  }
}

function offer(name, act) {
  for (const button of document.querySelectorAll(`[data-${name}]`)) {
    button.hidden = false;
    button.addEventListener("click", () => act(button));
  }
}

if (navigator.clipboard) offer("copy", copy);
if (navigator.share) offer("share", share);
