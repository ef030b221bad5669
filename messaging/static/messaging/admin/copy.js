// Buttons that copy a field's text. Without this script the field is there to be selected by hand.
"use strict";

for (const button of document.querySelectorAll("[data-copy]")) {
  const field = document.getElementById(button.dataset.copy);
  button.hidden = false;
  button.addEventListener("click", async () => {
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
    } catch {
      return; // No permission, or no secure connection: the text is selected, Ctrl+C does it.
    }
    button.textContent = button.dataset.copied;
  });
}
