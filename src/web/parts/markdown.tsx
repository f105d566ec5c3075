import { type MouseEvent, useEffect, useMemo, useRef, useState } from "react";
import { readFile, saveFile } from "../api/upload.ts";
import { useLanguage } from "../i18n/index.ts";
import type * as Renderer from "../markdown/renderer.ts";

/** Loaded with the first text: a page without one does without it. */
let renderer: typeof Renderer | null = null;
let loading: Promise<typeof Renderer> | null = null;

function load(): Promise<typeof Renderer> {
  loading ??= import("../markdown/renderer.ts").then(
    (module) => {
      renderer = module;
      return module;
    },
    (fault: unknown) => {
      loading = null;
      throw fault;
    },
  );
  return loading;
}

/** The language of a callout's title, then the text. */
const render = (input: string): string => {
  if (renderer === null) throw new Error("the renderer is not loaded");
  return renderer.toHtml(input.slice(2), input.startsWith("zh") ? "zh" : "en");
};

/**
 * Authors write Markdown, and the renderer makes safe HTML of it. The policy below is the one place where the page may turn
 * text into HTML, and the Content-Security-Policy knows it by its name.
 */
const policy = window.trustedTypes?.createPolicy("latchkey", { createHTML: render });

/** Files of a course, which the API gives only to whoever shows a token: a browser cannot ask for them by itself. */
const FILE = "/api/v1/courses/";

/** Waits until a text can be rendered. @returns how often more could be than before, so that the component renders again. */
function useReady(source: string): { isReady: boolean; isLost: boolean } {
  const [, setRound] = useState(0);
  const [lost, setLost] = useState<string | null>(null);
  useEffect(() => {
    let isOver = false;
    const again = () => {
      if (!isOver) setRound((round) => round + 1);
    };
    if (renderer !== null && renderer.loadParts(source) === null) return undefined;
    load()
      .then(({ loadParts }) => loadParts(source))
      .then(again, () => {
        if (!isOver) setLost(source);
      });
    return () => {
      isOver = true;
    };
  }, [source]);
  return { isReady: renderer !== null, isLost: lost === source };
}

/**
 * A text in Markdown, with the files of its course that it shows.
 * @param addressOf where the bytes of a file are, if not where the text says.
 */
export function Markdown({ source, addressOf = same }: { source: string; addressOf?: (address: string) => string }) {
  const language = useLanguage();
  const { isReady, isLost } = useReady(source);
  // Formulas and code appear when their writers are there: the text is rendered once more then.
  const isWhole = renderer !== null && renderer.loadParts(source) === null;
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is loaded meanwhile is rendered as well.
  const html = useMemo(
    () => (isReady ? { __html: policy?.createHTML(language + source) ?? render(language + source) } : null),
    [source, language, isReady, isWhole],
  );
  const place = useRef<HTMLDivElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another text has other pictures.
  useEffect(() => {
    let isOver = false;
    for (const picture of place.current?.querySelectorAll<HTMLImageElement>("img[data-file]") ?? []) {
      void readFile(addressOf(picture.dataset.file ?? ""))
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
  // Without the renderer, the text as it was written is better than none.
  if (html === null) return <div className="prose is-plain">{isLost ? source : null}</div>;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: links within are what is pressed, by key or by pointer.
    // biome-ignore lint/a11y/useKeyWithClickEvents: pressing a link by key is a click.
    // biome-ignore lint/security/noDangerouslySetInnerHtml: see the policy above.
    <div className="prose" ref={place} onClick={(event) => saveLink(event, addressOf)} dangerouslySetInnerHTML={html} />
  );
}

const same = (address: string): string => address;

/** A link to a file of the course saves it. */
function saveLink(event: MouseEvent, addressOf: (address: string) => string): void {
  const link = event.target instanceof Element ? event.target.closest("a") : null;
  const address = link?.getAttribute("href");
  if (link === null || address?.startsWith(FILE) !== true) return;
  event.preventDefault();
  void saveFile(addressOf(address), link.textContent ?? "").catch(() => undefined);
}

function dataUrl(blob: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result));
    reader.onerror = () => reject(reader.error ?? new Error("the file cannot be read"));
    reader.readAsDataURL(blob);
  });
}
