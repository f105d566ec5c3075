/** The schemas of the identity room that others use. */
export { eraseUserBody } from "./schemas.ts";
export { mailAskSchema } from "./ways/ask-message.ts";
