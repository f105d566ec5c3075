import fc from "fast-check";

// Properties try the same cases on every machine and every day, so that a run that fails fails again. LATCHKEY_SEED=<number>
// tries others: whoever changes a rule does so with several.

/** Any number; it means nothing. */
const SEED = 20_261_130;

const asked = typeof process === "object" ? process.env?.LATCHKEY_SEED : undefined;
fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: asked === undefined ? SEED : Number(asked) });
