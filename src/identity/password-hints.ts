/** The name of this product is no part of a user's data, and is tried early. */
export const PRODUCT = "latchkey";

/** The hint for a refused password, by what makes it easy to guess. */
export const MESSAGES = {
  personal: "it is made of your name or address; choose something that has nothing to do with you",
  product: "it is made of this product's name; choose something that has nothing to do with it",
  common: "it is one of the most common passwords; choose another, for example four unrelated words",
  pattern: "it repeats or follows a pattern; choose another, for example four unrelated words",
} as const;
export type Hint = keyof typeof MESSAGES;
