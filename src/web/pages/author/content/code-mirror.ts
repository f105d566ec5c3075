import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { markdown } from "@codemirror/lang-markdown";
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { EditorState } from "@codemirror/state";
import { EditorView, keymap } from "@codemirror/view";
import { tags } from "@lezer/highlight";

/** The functions of an editor for a page. Positions are in UTF-16 units. */
export interface TextEditor {
  text(): string;
  /** Sets a text from somebody else; the user can undo to the typed text. */
  setText(text: string): void;
  /** Replaces the selection by a text, and selects the part of it that should be overwritten. */
  insert(before: string, inner: string, after: string): void;
  /** Replaces one text by another, wherever it is by now. */
  replace(from: string, to: string): void;
  focus(): void;
  destroy(): void;
}

const colours = HighlightStyle.define([
  { tag: tags.heading, fontWeight: "650", color: "var(--ink)" },
  { tag: tags.strong, fontWeight: "650" },
  { tag: tags.emphasis, fontStyle: "italic" },
  { tag: [tags.link, tags.url], color: "var(--accent)" },
  { tag: tags.monospace, color: "var(--done)" },
  { tag: [tags.quote, tags.processingInstruction, tags.meta], color: "var(--soft)" },
]);

const theme = EditorView.theme({
  "&": {
    minHeight: "14rem",
    maxHeight: "32rem",
    border: "1px solid var(--line-strong)",
    borderRadius: "0.4rem",
    color: "var(--ink)",
    backgroundColor: "var(--sheet)",
  },
  "&.cm-focused": { outline: "2px solid var(--accent)", outlineOffset: "1px" },
  ".cm-scroller": { overflow: "auto" },
  ".cm-content": { fontFamily: "var(--mono)", caretColor: "var(--ink)", padding: "0.6rem 0" },
  ".cm-cursor": { borderLeftColor: "var(--ink)" },
  "&.cm-focused .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "var(--accent-wash)" },
});

/**
 * An editor of Markdown in an element. Tab leaves it, like every field.
 *
 * @param onFiles receives dropped or pasted files; the place of the drop is selected by then.
 */
export function mountEditor(
  parent: HTMLElement,
  options: { text: string; label: string; onChange: (text: string) => void; onFiles: (files: File[]) => void },
): TextEditor {
  const { text, label, onChange, onFiles } = options;
  const filesOf = (data: DataTransfer | null) => [...(data?.files ?? [])];
  let isQuiet = false;
  // The editor's styles are made by script. In a shadow root they need no <style> element, which the pages' policy
  // refuses.
  const root = parent.shadowRoot ?? parent.attachShadow({ mode: "open" });
  const view = new EditorView({
    parent: root,
    root,
    state: EditorState.create({
      doc: text,
      extensions: [
        history(),
        keymap.of([...defaultKeymap, ...historyKeymap]),
        markdown(),
        syntaxHighlighting(colours),
        theme,
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({ "aria-label": label, spellcheck: "true" }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged && !isQuiet) onChange(update.state.doc.toString());
        }),
        EditorView.domEventHandlers({
          drop(event, editor) {
            const files = filesOf(event.dataTransfer);
            if (files.length === 0) return false;
            event.preventDefault();
            const at = editor.posAtCoords({ x: event.clientX, y: event.clientY }) ?? editor.state.doc.length;
            editor.dispatch({ selection: { anchor: at } });
            onFiles(files);
            return true;
          },
          paste(event) {
            const files = filesOf(event.clipboardData);
            // A word processor copies a picture together with its text: then the text is meant.
            if (files.length === 0 || event.clipboardData?.getData("text/plain") !== "") return false;
            event.preventDefault();
            onFiles(files);
            return true;
          },
        }),
      ],
    }),
  });
  return {
    text: () => view.state.doc.toString(),
    setText(next) {
      if (next === view.state.doc.toString()) return;
      isQuiet = true;
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: next } });
      isQuiet = false;
    },
    insert(before, inner, after) {
      const { from, to } = view.state.selection.main;
      const chosen = view.state.sliceDoc(from, to) || inner;
      view.dispatch({
        changes: { from, to, insert: before + chosen + after },
        selection: { anchor: from + before.length, head: from + before.length + chosen.length },
        scrollIntoView: true,
      });
      view.focus();
    },
    replace(from, to) {
      const at = view.state.doc.toString().indexOf(from);
      if (at !== -1) view.dispatch({ changes: { from: at, to: at + from.length, insert: to } });
    },
    focus: () => view.focus(),
    destroy: () => view.destroy(),
  };
}
