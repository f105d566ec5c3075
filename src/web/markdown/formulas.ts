import temml from "temml";

/** Longest formula, characters; and macros that one may call. What is longer stays as it is typed. */
const MAX_FORMULA = 2_000;
const MAX_EXPANSIONS = 200;

/**
 * A formula in TeX as MathML, which browsers show by themselves. What cannot be read is shown as it was typed, marked as
 * wrong. Commands that would make links or load anything are refused (`trust`), and styles within tags are taken out: the
 * pages' policy allows none.
 */
export function formula(tex: string, isDisplay: boolean): string {
  if (tex.length > MAX_FORMULA) return wrong(tex);
  try {
    const math = temml.renderToString(tex, {
      displayMode: isDisplay,
      throwOnError: true,
      trust: false,
      maxExpand: MAX_EXPANSIONS,
    });
    return math.replace(/(<[a-z]+[^<>]*?) style="[^"]*"/gi, "$1");
  } catch {
    return wrong(tex);
  }
}

function wrong(tex: string): string {
  const text = tex.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  return `<code class="formula-wrong">${text}</code>`;
}
