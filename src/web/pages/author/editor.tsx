import {
  type DragEvent,
  type KeyboardEvent,
  type Ref,
  useId,
  useImperativeHandle,
  useMemo,
  useRef,
  useState,
} from "react";
import { useMessages } from "../../i18n/index.ts";
import type { PlacedFinding } from "./findings.ts";

/** The functions of the editor for other code. */
export interface EditorHandle {
  /** Shows a place and selects it. */
  reveal(start: number, end: number): void;
}

interface EditorProps {
  ref: Ref<EditorHandle>;
  value: string;
  findings: readonly PlacedFinding[];
  onChange: (text: string) => void;
  onFile: (file: File) => void;
}

/** Height of a line in the style sheet, CSS pixels. */
const LINE = 20;
const INDENT = "  ";

/** A text area with line numbers; lines with findings are marked. */
export function Editor({ ref, value, findings, onChange, onFile }: EditorProps) {
  const messages = useMessages();
  const id = useId();
  const area = useRef<HTMLTextAreaElement>(null);
  const gutter = useRef<HTMLDivElement>(null);
  const [isOver, setIsOver] = useState(false);
  const lines = useMemo(() => value.split("\n").length, [value]);
  const marked = useMemo(() => new Set(findings.flatMap(({ at }) => at?.line ?? [])), [findings]);
  useImperativeHandle(ref, () => ({
    reveal(start, end) {
      const element = area.current;
      if (element === null) return;
      element.focus({ preventScroll: false });
      // Scrolling to the end of a long place would hide its beginning, so only its first line is shown.
      const newline = element.value.indexOf("\n", start);
      element.setSelectionRange(start, Math.min(end, newline === -1 ? end : newline));
      const line = element.value.slice(0, start).split("\n").length;
      element.scrollTop = Math.max(0, (line - 4) * LINE);
      element.scrollLeft = 0;
    },
  }));
  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    // Tab leaves the field, as everywhere; Ctrl + ] indents.
    if (event.key !== "]" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    const { selectionStart, selectionEnd } = event.currentTarget;
    event.currentTarget.setRangeText(INDENT, selectionStart, selectionEnd, "end");
    onChange(event.currentTarget.value);
  };
  const onDrop = (event: DragEvent) => {
    event.preventDefault();
    setIsOver(false);
    const file = event.dataTransfer.files[0];
    if (file !== undefined) onFile(file);
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: files can be dropped here; the button beside it chooses one.
    <div
      className={isOver ? "editor is-over" : "editor"}
      onDragOver={(event) => {
        event.preventDefault();
        setIsOver(true);
      }}
      onDragLeave={() => setIsOver(false)}
      onDrop={onDrop}
    >
      <div className="gutter" ref={gutter} aria-hidden="true">
        {Array.from({ length: lines }, (_, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a line is its number.
          <span key={index} className={marked.has(index + 1) ? "is-marked" : undefined}>
            {index + 1}
          </span>
        ))}
      </div>
      <label className="visually-hidden" htmlFor={id}>
        {messages.editorLabel}
      </label>
      <textarea
        id={id}
        ref={area}
        wrap="off"
        spellCheck={false}
        autoCapitalize="off"
        value={value}
        aria-invalid={findings.length > 0}
        onChange={(event) => onChange(event.target.value)}
        onKeyDown={onKeyDown}
        onScroll={(event) => {
          if (gutter.current !== null) gutter.current.scrollTop = event.currentTarget.scrollTop;
        }}
      />
      {isOver ? <div className="drop-here">{messages.dropHere}</div> : null}
    </div>
  );
}
