import { math } from "micromark-extension-math";
import type { Construct, Extension, State, TokenizeContext } from "micromark-util-types";

const DOLLAR = 36;

/**
 * Formulas between dollars: `$x^2$` in a line, and a block between two lines of `$$`. As in other tools, a dollar
 * begins a formula only if no space follows it, and ends one only if no space comes before it and no digit follows it.
 * So "$5 and $10" stays money, and texts from before there were formulas keep their meaning.
 */
export function dollars(): Extension {
  const extension = math();
  const [construct] = [extension.text?.[DOLLAR]].flat();
  if (construct === undefined) return extension;
  return { ...extension, text: { ...extension.text, [DOLLAR]: careful(construct) } };
}

function careful(construct: Construct): Construct {
  return {
    ...construct,
    tokenize(this: TokenizeContext, effects, ok, nok): State {
      const start = this.now();
      const decide: State = (code) => {
        const text = this.sliceSerialize({ start, end: this.now() });
        const isOne = !text.startsWith("$$");
        const isMoney = /^\$\s|\s\$$/.test(text) || (code !== null && code >= 48 && code <= 57);
        return isOne && isMoney ? nok(code) : ok(code);
      };
      const begin = construct.tokenize.call(this, effects, decide, nok);
      if (begin === undefined) throw new Error("a construct has no first state");
      return begin;
    },
  };
}
