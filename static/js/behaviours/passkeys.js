/*
 * Passkeys: <form data-passkey="create|get" data-passkey-options="address" data-passkey-failed="sentence"> with a hidden field "credential" and a
 * [data-passkey-start] button. The button fetches what is to be signed, asks the browser, and sends the form.
 * Where the browser knows no passkeys, [data-passkey-area] stays unseen and everything else works.
 */
(() => {
  "use strict";
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (char) => char.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const named = (list) => (list || []).map((one) => ({ ...one, id: bytes(one.id) }));

  function question(kind, options) {
    const asked = { ...options.publicKey, challenge: bytes(options.publicKey.challenge) };
    if (kind === "create") {
      asked.user = { ...asked.user, id: bytes(asked.user.id) };
      asked.excludeCredentials = named(asked.excludeCredentials);
    } else {
      asked.allowCredentials = named(asked.allowCredentials);
    }
    return { publicKey: asked };
  }

  function answer(credential) {
    const { response } = credential;
    const said = { clientDataJSON: text(response.clientDataJSON) };
    if (response.attestationObject) said.attestationObject = text(response.attestationObject);
    if (response.authenticatorData) said.authenticatorData = text(response.authenticatorData);
    if (response.signature) said.signature = text(response.signature);
    if (response.userHandle) said.userHandle = text(response.userHandle);
    return {
      id: credential.id,
      rawId: text(credential.rawId),
      type: credential.type,
      response: said,
      clientExtensionResults: credential.getClientExtensionResults(),
    };
  }

  function say(form, sentence) {
    const place = form.querySelector("[data-passkey-said]");
    place.textContent = sentence;
    place.hidden = !sentence;
  }

  async function start(form) {
    say(form, "");
    const kind = form.dataset.passkey;
    try {
      const token = form.querySelector("[name=csrfmiddlewaretoken]").value;
      const fetched = await fetch(form.dataset.passkeyOptions, { method: "POST", headers: { "X-CSRFToken": token } });
      if (fetched.redirected) { window.location.assign(fetched.url); return; }
      const options = await fetched.json();
      if (!fetched.ok) { say(form, options.error || form.dataset.passkeyFailed); return; }
      const credential = await navigator.credentials[kind](question(kind, options));
      form.querySelector("[name=credential]").value = JSON.stringify(answer(credential));
      form.requestSubmit();
    } catch {
      say(form, form.dataset.passkeyFailed); // stopped by the person, or no passkey of ours on this device
    }
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-passkey-start]");
    if (button) start(button.closest("form"));
  });
  if (window.PublicKeyCredential && navigator.credentials) {
    for (const area of document.querySelectorAll("[data-passkey-area]")) area.removeAttribute("data-passkey-unknown");
  }
})();
