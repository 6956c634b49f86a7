// A file of its own, so that the page needs no inline script and its policy can forbid them.

// Swagger UI gives a player the address of the request, where a GET finds no sound: play the answer.
const PlaysSound = (system) => ({
  wrapComponents: {
    responseBody: (Original) => (props) => {
      const { createElement, useEffect, useMemo } = system.React;
      const isSound = props.content instanceof Blob && /^audio\//.test(props.contentType);
      const url = useMemo(() => (isSound ? URL.createObjectURL(props.content) : ""), [props.content]);
      useEffect(() => () => URL.revokeObjectURL(url), [url]);
      const player = createElement("audio", { controls: true, src: url });
      return createElement("div", null, isSound ? player : null, createElement(Original, props));
    },
  },
});

// Each field of the Authorize dialog takes the focus, so that the last one would have it.
const AsksForBearerFirst = (system) => ({
  wrapComponents: {
    apiKeyAuth: (Original) => (props) => {
      const { createElement, useEffect } = system.React;
      useEffect(() => document.querySelector("[aria-label='auth-bearer-value']")?.focus(), []);
      return createElement(Original, props);
    },
  },
});

window.ui = SwaggerUIBundle({
  url: new URL("openapi.json", document.baseURI).href,
  dom_id: "#swagger-ui",
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset.slice(1)],
  plugins: [PlaysSound, AsksForBearerFirst],
  validatorUrl: null,
  docExpansion: "list",
  persistAuthorization: true,
  displayRequestDuration: true,
  tryItOutEnabled: true,
});
