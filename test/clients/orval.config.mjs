/** Orval's fetch client, in one file; how it calls the server is said by the document's `servers`. */
export default {
  latchkey: {
    input: { target: "./openapi.json" },
    output: { target: "./generated/orval/api.ts", client: "fetch", baseUrl: { getBaseUrlFromSpecification: true } },
  },
};
