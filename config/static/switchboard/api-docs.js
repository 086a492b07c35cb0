// The page /api/docs/: Swagger UI over this installation's own document.
"use strict";

// Swagger UI has dark clothes, and leaves it to the page when to wear them.
const dark = matchMedia("(prefers-color-scheme: dark)");
const dress = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", dress);
dress();

const place = document.getElementById("api");

SwaggerUIBundle({
  url: place.dataset.document,
  domNode: place,
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  deepLinking: true,
  docExpansion: "none",
  filter: true,
  persistAuthorization: false,
  // Session log-ins: what changes something needs the site's CSRF token.
  requestInterceptor(request) {
    if (!["GET", "HEAD", "OPTIONS"].includes(request.method) && new URL(request.url, document.baseURI).origin === location.origin) {
      const token = document.cookie.match(/(?:^|; )csrftoken=([^;]+)/);
      if (token && !request.headers["X-CSRFToken"]) request.headers["X-CSRFToken"] = token[1];
    }
    return request;
  },
});
