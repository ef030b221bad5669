// Copies a field at one press. The buttons are hidden until this runs: without it the field can be marked and copied.

async function copy(button) {
  const field = document.getElementById(button.dataset.copy);
  field.select();
  await navigator.clipboard.writeText(field.value);
  // A region of the page that screen readers follow.
  button.nextElementSibling.textContent = button.dataset.copied;
}

if (navigator.clipboard) {
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", () => copy(button));
  }
}
