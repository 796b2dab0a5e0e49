// The page works without this. It shows and hides the password, counts a wait down, and copies a digest.
(() => {
  "use strict";
  const field = document.getElementById("password");
  const reveal = document.getElementById("reveal");
  if (field && reveal) {
    reveal.hidden = false;
    const show = (shown) => {
      field.type = shown ? "text" : "password";
      reveal.setAttribute("aria-pressed", String(shown));
      reveal.textContent = shown ? reveal.dataset.hide : reveal.dataset.show;
    };
    reveal.addEventListener("click", () => {
      show(field.type === "password");
      field.focus();
    });
    // So that no browser keeps it as a plain text that was typed before.
    field.form.addEventListener("submit", () => show(false));
  }

  const trouble = document.getElementById("trouble");
  const submit = document.getElementById("submit");
  if (trouble && trouble.dataset.wait && submit) {
    const end = performance.now() + Number(trouble.dataset.wait) * 1000;
    const words = submit.textContent;
    const tick = () => {
      const left = Math.ceil((end - performance.now()) / 1000);
      if (left > 0) {
        submit.setAttribute("aria-disabled", "true");
        submit.textContent = `${words} (${trouble.dataset.left.replace("#", String(left))})`;
        setTimeout(tick, 250);
      } else {
        submit.removeAttribute("aria-disabled");
        submit.textContent = words;
        const ready = document.createElement("p");
        ready.textContent = trouble.dataset.ready;
        trouble.append(ready);
      }
    };
    submit.form.addEventListener("submit", (event) => {
      if (submit.getAttribute("aria-disabled")) event.preventDefault();
    });
    tick();
  }

  if (navigator.clipboard) {
    for (const button of document.querySelectorAll("[data-copy]")) {
      button.hidden = false;
      const words = button.textContent;
      button.addEventListener("click", async () => {
        try {
          await navigator.clipboard.writeText(button.dataset.copy);
          button.textContent = button.dataset.done;
          setTimeout(() => (button.textContent = words), 2000);
        } catch {
          button.hidden = true;
        }
      });
    }
  }
})();
