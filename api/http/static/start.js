// A file of its own, so that the page needs no inline script and its policy can forbid them.
window.ui = SwaggerUIBundle({
  url: new URL("openapi.json", document.baseURI).href,
  dom_id: "#swagger-ui",
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset.slice(1)],
  validatorUrl: null,
  docExpansion: "list",
  persistAuthorization: true,
  displayRequestDuration: true,
  tryItOutEnabled: true,
});
