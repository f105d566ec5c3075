import temml from "temml";

/** Longest formula, in characters, and the limit of its macros. A longer one is shown as it was typed. */
const MAX_FORMULA = 2_000;
const MAX_EXPANSIONS = 200;

/**
 * A formula in TeX as MathML, which browsers can show. If it cannot be read, it is shown as it was typed and marked as
 * wrong. Commands that would make links or load something are refused (`trust`), and styles in tags are removed,
 * because the pages' policy allows none.
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
