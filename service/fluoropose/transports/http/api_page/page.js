"use strict";
// Shows openapi.json of this service. Where that needs a key, asks for one and keeps it in this page alone.
const form = document.getElementById("key");
let token = "";

function withKey(request) {
  if (token) {
    request.headers = {...request.headers, Authorization: `Bearer ${token}`};
  }
  return request;
}

async function show() {
  const answer = await fetch("openapi.json", withKey({headers: {}}));
  form.hidden = answer.ok;
  if (answer.ok) {
    SwaggerUIBundle({
      spec: await answer.json(),
      dom_id: "#page",
      validatorUrl: null,
      requestInterceptor: withKey,
      presets: [SwaggerUIBundle.presets.apis],
      layout: "BaseLayout",
    });
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  token = document.getElementById("token").value.trim();
  show();
});
show();
