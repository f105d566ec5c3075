import { useId, useRef, useState } from "react";
import { useMessages } from "../../../i18n/index.ts";
import { useStudioText } from "../../../i18n/studio.ts";
import { FaultNote } from "../../../parts/fault.tsx";
import { Editor, type EditorHandle } from "../editor.tsx";
import { locateJson } from "../json-positions.ts";
import { OutcomeNote } from "../outcome.tsx";
import { type Outcome, type Policy, useSendDraft } from "../publish.ts";
import { Versions } from "../versions.tsx";
import { originText } from "./save-status.tsx";
import type { useCopy } from "./use-copy.ts";

/** The document as text. Outline and text are the same document. */
export function DocumentView(props: {
  course: string;
  active: number | null;
  copy: ReturnType<typeof useCopy>;
  onPublished: (version: number) => void;
}) {
  const { course, active, copy, onPublished } = props;
  const messages = useMessages();
  const studio = useStudioText();
  const id = useId();
  const editor = useRef<EditorHandle>(null);
  const [said, setSaid] = useState("");
  const [policy, setPolicy] = useState<Policy>("grandfather");
  const [note, setNote] = useState("");
  const [fault, setFault] = useState<unknown>(null);
  const send = useSendDraft(course, messages);
  const text = copy.text();
  const change = (next: string) => {
    copy.change({ text: next }, "text");
    // The findings are about another text: their places would be wrong.
    send.reset();
  };
  const mayReplace = () => !copy.isDirty || window.confirm(messages.replaceTyped);
  const load = async (version: number) => {
    if (!mayReplace()) return;
    try {
      await copy.loadVersion(version, version === active);
      send.reset();
      setFault(null);
      setSaid(messages.loadedVersion(version));
    } catch (reason) {
      setFault(reason);
    }
  };
  const readFile = async (file: File) => {
    if (!mayReplace()) return;
    change(await file.text());
    setSaid(messages.fileRead(file.name));
  };
  const format = () => {
    const located = locateJson(text);
    if (located.ok) change(JSON.stringify(located.value, null, 2));
    else editor.current?.reveal(located.at, located.at + 1);
  };
  const outcome = send.data;
  const submit = (isTrial: boolean) => {
    if (send.isPending) return;
    const done = (result: Outcome) => {
      if (result.kind === "published") onPublished(result.published.version);
    };
    send.mutate({ draft: { text, policy, note }, isTrial }, { onSuccess: done });
  };
  return (
    <div className="workbench">
      <section aria-labelledby="document">
        <div className="section-head">
          <h2 id="document">{messages.editDocument}</h2>
          <p className="fine">{messages.editorHint}</p>
          <div className="actions">
            <label className="button is-small file">
              {messages.chooseFile}
              <input
                type="file"
                accept="application/json,.json"
                onChange={(event) => {
                  const file = event.target.files?.[0];
                  if (file !== undefined) void readFile(file);
                  event.target.value = "";
                }}
              />
            </label>
            <button type="button" className="button is-small" onClick={format}>
              {messages.formatDocument}
            </button>
          </div>
        </div>
        <Editor
          ref={editor}
          value={text}
          findings={outcome?.kind === "refused" ? outcome.errors : []}
          onChange={change}
          onFile={(file) => void readFile(file)}
        />
        <p className="fine" role="status">
          {said === "" ? originText(copy.origin, studio) : said}
        </p>
      </section>
      <div className="workbench-side">
        <section className="publish" aria-labelledby="publish">
          <h2 id="publish">{messages.publish}</h2>
          <div className="form">
            <label className="field">
              <span>{messages.policy}</span>
              <select
                value={policy}
                onChange={(event) => setPolicy(event.target.value === "relock" ? "relock" : "grandfather")}
              >
                <option value="grandfather">{messages.policyGrandfather}</option>
                <option value="relock">{messages.policyRelock}</option>
              </select>
            </label>
            <label className="field">
              <span>{messages.versionNote}</span>
              <input
                value={note}
                maxLength={500}
                aria-describedby={`${id}-note`}
                onChange={(event) => setNote(event.target.value)}
              />
              <span className="fine" id={`${id}-note`}>
                {messages.noteHint}
              </span>
            </label>
            <div className="actions">
              <button type="button" className="button" aria-disabled={send.isPending} onClick={() => submit(true)}>
                {messages.dryRun}
              </button>
              <button
                type="button"
                className="button is-primary"
                aria-disabled={send.isPending}
                onClick={() => submit(false)}
              >
                {send.isPending ? messages.working : messages.publish}
              </button>
            </div>
          </div>
          {fault === null ? null : <FaultNote fault={fault} />}
          {send.isError ? <FaultNote fault={send.error} /> : null}
          <div role="status">
            {outcome === undefined ? null : (
              <OutcomeNote outcome={outcome} reveal={(start, end) => editor.current?.reveal(start, end)} />
            )}
          </div>
        </section>
        <Versions course={course} policy={policy} onLoad={(version) => void load(version)} />
      </div>
    </div>
  );
}
