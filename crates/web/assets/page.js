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

// Uploads by tus, from the page where files are sent. What broke off goes on where it was; after a reload, as soon as the same file is chosen again.
// Another file of the same name and size begins anew.
(() => {
  "use strict";
  const form = document.getElementById("new");
  const list = document.getElementById("uploads");
  const field = document.getElementById("file");
  const drop = document.getElementById("drop");
  const said = document.getElementById("said");
  const submit = document.getElementById("submit");
  if (!form || !list || !field || !drop || !window.fetch || !window.Blob) return;
  const words = form.dataset;
  const part = Number(words.part);
  const waits = [500, 1000, 2000, 4000, 8000, 15000];
  let under = 0;
  let last = Promise.resolve();
  const queue = [];

  // A reload finds the draft again.
  const here = new URL(location.href);
  here.searchParams.set("draft", words.draft);
  here.searchParams.delete("done");
  history.replaceState(null, "", here);

  const base64 = (octets) => btoa(Array.from(octets, (octet) => String.fromCharCode(octet)).join(""));
  const utf8 = (text) => base64(new TextEncoder().encode(text));
  const pause = (time) => new Promise((done) => setTimeout(done, time));
  const size = (octets) => {
    const units = ["B", "KB", "MB", "GB", "TB"];
    let unit = 0;
    let value = octets;
    while (value >= 1023.5 && unit + 1 < units.length) {
      value /= 1024;
      unit += 1;
    }
    return `${unit > 0 && value < 99.95 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
  };
  const ask = (method, address, headers, body) =>
    fetch(address, {
      method,
      body,
      credentials: "same-origin",
      cache: "no-store",
      redirect: "error",
      headers: { "Tus-Resumable": "1.0.0", "Fubako-Form": words.key, ...headers },
    });

  // One line of the list, and what is shown of its upload.
  const line = (item) => {
    const how = item.querySelector(".how");
    const check = item.querySelector(".check");
    let bar = item.querySelector("progress");
    if (check) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "plain";
      button.textContent = words.remove;
      const name = document.createElement("span");
      name.className = "unseen";
      name.textContent = `: ${item.dataset.name}`;
      button.append(name);
      button.addEventListener("click", () => remove(item));
      check.replaceWith(button);
    }
    return {
      say: (text) => (how.textContent = text),
      show: (received, length) => {
        item.dataset.received = String(received);
        if (received >= length) {
          if (bar) bar.remove();
          how.textContent = words.whole;
          return;
        }
        if (!bar) {
          bar = document.createElement("progress");
          bar.max = 100;
          bar.setAttribute("aria-label", item.dataset.name);
          item.querySelector(".name").after(bar);
        }
        const done = Math.floor((received * 100) / Math.max(length, 1));
        bar.value = done;
        how.textContent = `${words.going} ${done}%`;
      },
    };
  };

  const whole = (item) => Number(item.dataset.received) >= Number(item.dataset.length);
  const ready = () => {
    const items = [...list.children];
    return items.every(whole) && under === 0 && queue.length === 0;
  };

  const remove = async (item) => {
    item.dataset.gone = "yes";
    if (item.controller) item.controller.abort();
    const next = item.nextElementSibling || item.previousElementSibling;
    item.remove();
    const button = next && next.querySelector("button");
    (button || field).focus();
    if (item.dataset.id) marks.drop(item.dataset.id);
    if (item.dataset.id) await ask("DELETE", `${words.uploads}/${item.dataset.id}`, {}).catch(() => {});
  };

  const append = async (item, file, offset) => {
    const piece = file.slice(offset, offset + part);
    const headers = { "Upload-Offset": String(offset), "Content-Type": "application/offset+octet-stream" };
    if (window.crypto && crypto.subtle) {
      const sum = await crypto.subtle.digest("SHA-256", await piece.arrayBuffer());
      headers["Upload-Checksum"] = `sha256 ${base64(new Uint8Array(sum))}`;
    }
    return ask("PATCH", `${words.uploads}/${item.dataset.id}`, headers, piece);
  };

  const begin = async (item, file) => {
    const said = { filename: file.name, filetype: file.type || "application/octet-stream", draft: words.draft };
    const metadata = Object.entries(said).map(([key, value]) => `${key} ${utf8(value)}`);
    return ask("POST", words.uploads, { "Upload-Length": String(file.size), "Upload-Metadata": metadata.join(",") });
  };

  // What tells a file from another of the same name and size: when it was changed, and digests of its first and its last octets.
  const ends = 1 << 20;
  const markOf = async (file) => {
    let mark = String(file.lastModified);
    for (const end of [file.slice(0, ends), file.slice(Math.max(0, file.size - ends))]) {
      const octets = await end.arrayBuffer();
      if (window.crypto && crypto.subtle) mark += ` ${base64(new Uint8Array(await crypto.subtle.digest("SHA-256", octets)))}`;
    }
    return mark;
  };
  // The marks of what this browser has begun, for two days: an upload is given up before that.
  const marks = {
    prefix: "fubako-upload-",
    get: (id) => {
      try {
        return JSON.parse(localStorage.getItem(marks.prefix + id)).mark;
      } catch {
        return null;
      }
    },
    keep: (id, mark) => {
      try {
        localStorage.setItem(marks.prefix + id, JSON.stringify({ mark, at: Date.now() }));
      } catch {
        // Then the file begins anew after a reload.
      }
    },
    drop: (id) => {
      try {
        localStorage.removeItem(marks.prefix + id);
      } catch {
        // It was not kept.
      }
    },
    forget: () => {
      try {
        for (const key of Object.keys(localStorage)) {
          if (key.startsWith(marks.prefix) && !(JSON.parse(localStorage.getItem(key)).at > Date.now() - 172800000)) localStorage.removeItem(key);
        }
      } catch {
        // Nothing is kept.
      }
    },
  };
  marks.forget();

  // Uploads a file to its end, however often it breaks off.
  const upload = async (item, file) => {
    const shown = line(item);
    const mark = await markOf(file).catch(() => null);
    if (item.dataset.id && (mark === null || marks.get(item.dataset.id) !== mark)) {
      // Another file than the one that was begun, for all that is known: nothing of that goes with this.
      const before = item.dataset.id;
      delete item.dataset.id;
      item.dataset.received = "-1";
      marks.drop(before);
      await ask("DELETE", `${words.uploads}/${before}`, {}).catch(() => {});
    }
    let failed = 0;
    let offset = null;
    while (!item.dataset.gone) {
      try {
        let answer;
        if (!item.dataset.id) {
          // One after another, so that they are sent in the order of the list.
          last = last.catch(() => {}).then(() => begin(item, file));
          answer = await last;
          if (answer.status === 201) {
            item.dataset.id = answer.headers.get("Location").split("/").pop();
            if (mark !== null) marks.keep(item.dataset.id, mark);
            offset = 0;
          }
        } else if (offset === null) {
          answer = await ask("HEAD", `${words.uploads}/${item.dataset.id}`, {});
          if (answer.ok) offset = Number(answer.headers.get("Upload-Offset"));
        } else if (offset < file.size) {
          answer = await append(item, file, offset);
          if (answer.status === 204) {
            offset = Number(answer.headers.get("Upload-Offset"));
            failed = 0;
          } else if (answer.status === 409 || answer.status === 460) {
            offset = null;
            continue;
          }
        }
        if (answer && [401, 403, 404, 413, 415].includes(answer.status)) {
          shown.say(answer.status === 413 ? words.large : words.failed);
          return;
        }
        if (answer && !answer.ok) throw new Error(String(answer.status));
        if (offset !== null) shown.show(offset, file.size);
        if (offset !== null && offset >= file.size) {
          marks.drop(item.dataset.id);
          return;
        }
      } catch {
        offset = null;
        shown.say(words.waiting);
        await pause(waits[Math.min(failed, waits.length - 1)]);
        failed += 1;
      }
    }
  };

  const next = async () => {
    // Two at once: a small file does not wait for a large one.
    while (under < 2 && queue.length > 0) {
      const [item, file] = queue.shift();
      under += 1;
      upload(item, file).finally(() => {
        under -= 1;
        said.textContent = ready() ? words.whole : "";
        next();
      });
    }
  };

  const add = (files) => {
    for (const file of files) {
      // One that was begun before, and of which the rest is wanted.
      let item = [...list.children].find(
        (one) => one.dataset.id && !whole(one) && !one.dataset.under && one.dataset.name === file.name && Number(one.dataset.length) === file.size,
      );
      if (!item) {
        item = document.createElement("li");
        Object.assign(item.dataset, { name: file.name, length: String(file.size), received: "-1" });
        const name = document.createElement("p");
        name.className = "name";
        const bdi = document.createElement("bdi");
        bdi.textContent = file.name;
        name.append(bdi);
        const more = document.createElement("p");
        more.className = "quiet small";
        const octets = document.createElement("span");
        octets.textContent = size(file.size);
        const how = document.createElement("span");
        how.className = "how";
        more.append(octets, " · ", how);
        const check = document.createElement("span");
        check.className = "check";
        item.append(name, more, check);
        list.append(item);
      }
      item.dataset.under = "yes";
      const shown = line(item);
      if (file.size > Number(words.largest)) {
        shown.say(words.large);
        continue;
      }
      shown.show(Math.max(0, Number(item.dataset.received)), Math.max(1, file.size));
      item.dataset.received = item.dataset.id ? item.dataset.received : "-1";
      queue.push([item, file]);
    }
    next();
  };

  for (const item of list.children) line(item);
  document.getElementById("drop-words").hidden = false;
  field.addEventListener("change", () => {
    add([...field.files]);
    field.value = "";
  });
  for (const name of ["dragenter", "dragover"]) {
    document.addEventListener(name, (event) => {
      if (![...event.dataTransfer.types].includes("Files")) return;
      event.preventDefault();
      drop.classList.add("over");
    });
  }
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) drop.classList.remove("over");
  });
  document.addEventListener("drop", (event) => {
    if (![...event.dataTransfer.types].includes("Files")) return;
    event.preventDefault();
    drop.classList.remove("over");
    add([...event.dataTransfer.files]);
  });
  let sending = false;
  form.addEventListener("submit", (event) => {
    if (sending) {
      event.preventDefault();
    } else if (!ready()) {
      event.preventDefault();
      said.textContent = words.unsent;
    } else {
      sending = true;
      submit.setAttribute("aria-disabled", "true");
      submit.textContent = words.sending;
    }
  });
  // The way back in the browser's history shows the page as it was left.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });
})();
