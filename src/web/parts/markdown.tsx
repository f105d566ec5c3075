import { micromark } from "micromark";
import { type MouseEvent, useEffect, useMemo, useRef } from "react";
import { readFile } from "../api/upload.ts";

/**
 * Authors write Markdown. micromark escapes raw HTML and drops addresses of schemes it does not know, so what it returns
 * is safe; the policy below is the one place where the page may turn text into HTML, and the Content-Security-Policy
 * knows it by its name.
 */
const policy = window.trustedTypes?.createPolicy("latchkey", { createHTML: render });

/** Files of a course, which the API gives only to whoever shows a token: a browser cannot ask for them by itself. */
const FILE = "/api/v1/courses/";

/** Code that is wider than the screen scrolls by itself, so the keyboard must be able to reach it. */
function render(source: string): string {
  return micromark(source)
    .replaceAll("<pre>", '<pre tabindex="0">')
    .replaceAll(`<img src="${FILE}`, `<img data-file="${FILE}`);
}

/** A text in Markdown, with the files of its course that it shows. */
export function Markdown({ source }: { source: string }) {
  const html = useMemo(() => ({ __html: policy?.createHTML(source) ?? render(source) }), [source]);
  const place = useRef<HTMLDivElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another text has other pictures.
  useEffect(() => {
    let isOver = false;
    for (const picture of place.current?.querySelectorAll<HTMLImageElement>("img[data-file]") ?? []) {
      void readFile(picture.dataset.file ?? "")
        .then(dataUrl)
        .then((url) => {
          if (!isOver) picture.src = url;
        })
        // Without the picture there is what describes it.
        .catch(() => undefined);
    }
    return () => {
      isOver = true;
    };
  }, [html]);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: links within are what is pressed, by key or by pointer.
    // biome-ignore lint/a11y/useKeyWithClickEvents: pressing a link by key is a click.
    // biome-ignore lint/security/noDangerouslySetInnerHtml: see the policy above.
    <div className="prose" ref={place} onClick={saveFile} dangerouslySetInnerHTML={html} />
  );
}

/** A link to a file of the course saves it. */
function saveFile(event: MouseEvent): void {
  const link = event.target instanceof Element ? event.target.closest("a") : null;
  const address = link?.getAttribute("href");
  if (link === null || address?.startsWith(FILE) !== true) return;
  event.preventDefault();
  void readFile(address)
    .then((blob) => {
      const saved = document.createElement("a");
      saved.href = URL.createObjectURL(blob);
      saved.download = link.textContent ?? "";
      saved.click();
      URL.revokeObjectURL(saved.href);
    })
    .catch(() => undefined);
}

function dataUrl(blob: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result));
    reader.onerror = () => reject(reader.error ?? new Error("the file cannot be read"));
    reader.readAsDataURL(blob);
  });
}
