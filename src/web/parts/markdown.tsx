import { micromark } from "micromark";
import { useMemo } from "react";

/**
 * Authors write Markdown. micromark escapes raw HTML and drops addresses of schemes it does not know, so what it returns
 * is safe; the policy below is the one place where the page may turn text into HTML, and the Content-Security-Policy
 * knows it by its name.
 */
const policy = window.trustedTypes?.createPolicy("latchkey", { createHTML: render });

/** Code that is wider than the screen scrolls by itself, so the keyboard must be able to reach it. */
function render(source: string): string {
  return micromark(source).replaceAll("<pre>", '<pre tabindex="0">');
}

/** A text in Markdown. */
export function Markdown({ source }: { source: string }) {
  const html = useMemo(() => ({ __html: policy?.createHTML(source) ?? render(source) }), [source]);
  // biome-ignore lint/security/noDangerouslySetInnerHtml: see the policy above.
  return <div className="prose" dangerouslySetInnerHTML={html} />;
}
