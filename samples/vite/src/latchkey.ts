import { createClient, EventStream, type Rule, Session } from "@latchkey/client";

/** Where Latchkey answers. This page's own origin has to be among its ALLOWED_ORIGINS: `npm start -- --allow-origin http://localhost:5173`. */
const baseUrl: string = import.meta.env.VITE_LATCHKEY_URL ?? "http://localhost:8787";

// Made once, outside of every component.
export const session = new Session({ baseUrl });
export const client = createClient({ baseUrl, getToken: session.getToken });

/** One stream belongs to one user: another is made after another sign-in. */
export const newStream = () => new EventStream({ baseUrl, getToken: session.getToken });

/** Rules are typed: a misspelt operator does not compile. */
export const afterArrays: Rule = {
  all: [{ completed: "algorithms.arrays" }, { score: { item: "algorithms.two-sum", min: 70 } }],
};
