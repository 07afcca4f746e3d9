// A file of its own: the page's policy allows no script inside it. The token
// stays in the page and is gone when the page is left.
window.ui = SwaggerUIBundle({
  url: "/v3/api-docs",
  dom_id: "#swagger-ui",
  deepLinking: true,
  persistAuthorization: false,
  validatorUrl: null, // the document goes to nobody else
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
});
