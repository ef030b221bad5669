// A button that copies a text which also stands on the page to be selected by hand.

async function copy(field) {
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
    return true;
  } catch {
    return document.execCommand("copy"); // an address without https has no clipboard
  }
}

for (const button of document.querySelectorAll("[data-copies]")) {
  const told = button.parentElement.querySelector("[data-copied]");
  button.addEventListener("click", async () => {
    if (await copy(document.getElementById(button.dataset.copies))) told.textContent = button.dataset.done;
  });
}
