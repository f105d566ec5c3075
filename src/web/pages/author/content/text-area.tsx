import { useEffect, useRef, useState } from "react";
import { uploadCourseFile } from "../../../api/upload.ts";
import { FaultNote } from "../../../parts/fault.tsx";
import { Markdown } from "../../../parts/markdown.tsx";
import type { TextEditor } from "./code-mirror.ts";
import { useContentWords } from "./words.ts";

interface TextAreaProps {
  value: string;
  /** The course of the text: its pictures are found by this. */
  item: string;
  onChange: (text: string) => void;
}

const PICTURE = /^image\/(?:png|jpeg|gif|webp|avif)$/;

/** The text with its preview. Until the editor is loaded, and if it cannot be, there is a plain field. */
export function TextArea({ value, item, onChange }: TextAreaProps) {
  const words = useContentWords();
  const place = useRef<HTMLDivElement>(null);
  const plain = useRef<HTMLTextAreaElement>(null);
  const editor = useRef<TextEditor | null>(null);
  const [isMounted, setIsMounted] = useState(false);
  const [sending, setSending] = useState<string[]>([]);
  const [fault, setFault] = useState<{ name: string; reason: unknown } | null>(null);
  const slug = item.slice(0, item.indexOf("."));
  const latest = useRef({ value, onChange });
  latest.current = { value, onChange };
  const insert = (before: string, inner: string, after: string) => {
    if (editor.current !== null) return editor.current.insert(before, inner, after);
    const { selectionStart: start = value.length, selectionEnd: end = start } = plain.current ?? {};
    const chosen = value.slice(start, end) || inner;
    latest.current.onChange(value.slice(0, start) + before + chosen + after + value.slice(end));
  };
  const replace = (from: string, to: string) => {
    if (editor.current === null) latest.current.onChange(latest.current.value.replace(from, () => to));
    else editor.current.replace(from, to);
  };
  const attach = async (files: readonly File[]) => {
    setFault(null);
    for (const file of files) {
      const name = file.name.replace(/[[\]\\`*_<>]/g, "");
      const isPicture = PICTURE.test(file.type);
      const holder = `${isPicture ? "!" : ""}[${words.uploading(name)}]()`;
      insert("", holder, "");
      setSending((names) => [...names, file.name]);
      try {
        const { id } = await uploadCourseFile(slug, file);
        replace(holder, `${isPicture ? "!" : ""}[${name}](/api/v1/courses/${slug}/items/${item}/files/${id})`);
      } catch (reason) {
        replace(holder, "");
        setFault({ name: file.name, reason });
      }
      setSending((names) => names.toSpliced(names.indexOf(file.name), 1));
    }
  };
  const attachLatest = useRef(attach);
  attachLatest.current = attach;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the editor is made once; later texts are put into it below.
  useEffect(() => {
    let isOver = false;
    import("./code-mirror.ts")
      .then(({ mountEditor }) => {
        if (isOver || place.current === null) return;
        editor.current = mountEditor(place.current, {
          text: latest.current.value,
          label: words.text,
          onChange: (text) => latest.current.onChange(text),
          onFiles: (files) => void attachLatest.current(files),
        });
        setIsMounted(true);
      })
      // The plain field stays.
      .catch(() => undefined);
    return () => {
      isOver = true;
      editor.current?.destroy();
      editor.current = null;
    };
  }, []);
  useEffect(() => editor.current?.setText(value), [value]);
  const tools: [label: string, before: string, inner: string, after: string][] = [
    [words.bold, "**", words.bold, "**"],
    [words.italic, "*", words.italic, "*"],
    [words.link, "[", words.link, "](https://example.org)"],
    [words.table, "\n| ", "A", " | B |\n|---|---|\n| 1 | 2 |\n"],
    [words.code, "\n```python\n", 'print("hello")', "\n```\n"],
    [words.formula, "$", "x^2", "$"],
    [words.callout, "\n> [!NOTE]\n> ", words.callout, "\n"],
  ];
  return (
    <div className="content-text">
      <div className="content-write">
        <div className="actions" role="toolbar" aria-label={words.tools}>
          {tools.map(([label, before, inner, after]) => (
            <button
              key={label}
              type="button"
              className="button is-small is-quiet"
              onClick={() => insert(before, inner, after)}
            >
              {label}
            </button>
          ))}
          <label className="button is-small is-quiet file">
            {words.file}
            <input
              type="file"
              multiple
              onChange={(event) => {
                void attach([...(event.target.files ?? [])]);
                event.target.value = "";
              }}
            />
          </label>
        </div>
        <div className="content-editor" ref={place} data-editor={isMounted ? "ready" : "loading"} />
        {isMounted ? null : (
          <textarea
            ref={plain}
            aria-label={words.text}
            rows={12}
            value={value}
            onChange={(event) => onChange(event.target.value)}
            onDrop={(event) => {
              if (event.dataTransfer.files.length === 0) return;
              event.preventDefault();
              void attach([...event.dataTransfer.files]);
            }}
          />
        )}
        <p className="fine">{words.hint}</p>
        <p role="status" className="fine">
          {sending.map((name) => words.uploading(name)).join(" ")}
        </p>
        {fault === null ? null : (
          <div role="alert">
            <p>{words.uploadFailed(fault.name)}</p>
            <FaultNote fault={fault.reason} />
          </div>
        )}
      </div>
      <section className="content-preview" aria-label={words.preview}>
        <h3>{words.preview}</h3>
        {value.trim() === "" ? (
          <p className="fine">{words.previewEmpty}</p>
        ) : (
          <Markdown source={value} addressOf={unpublished} />
        )}
      </section>
    </div>
  );
}

/** The address of a file before the text that names it is published: staff may read it there. */
function unpublished(address: string): string {
  return address.replace(/\/items\/[^/]+\/files\//, "/files/");
}
