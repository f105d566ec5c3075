/** The schemas of the identity room that others use. */
export { emailSchema, eraseUserBody, signedInView } from "./schemas.ts";
export { mailAskSchema } from "./ways/ask-message.ts";
export { STEP_REQUIRED } from "./ways/schemas.ts";
