import { useEffect, useId, useRef, useState } from "react";
import { Link } from "wouter";
import { isAbsent } from "../../api/problem.ts";
import { useCourseInfo } from "../../api/queries.ts";
import { request } from "../../api/request.ts";
import { useMessages } from "../../i18n/index.ts";
import { FaultNote, Loading } from "../../parts/fault.tsx";
import { Page } from "../../parts/page.tsx";
import { useHasRole } from "../../session/hooks.ts";
import { ForbiddenPage, NotFoundPage } from "../not-found.tsx";
import { Editor, type EditorHandle } from "./editor.tsx";
import { locateJson } from "./json-positions.ts";
import { OutcomeNote } from "./outcome.tsx";
import { type Outcome, type Policy, useSendDraft } from "./publish.ts";
import { useTypedText } from "./typed-text.ts";
import { Versions } from "./versions.tsx";

/** One course of an author: its document, what publishing it would do, and its versions. */
export default function AuthorCoursePage({ course }: { course: string }) {
  const messages = useMessages();
  const isAuthor = useHasRole("author", "admin");
  const info = useCourseInfo(course);
  // A co-author need not be an author elsewhere.
  const mayManage = isAuthor || info.data?.role === "co_author";
  if (isAbsent(info.error)) return <NotFoundPage />;
  if (!mayManage && !info.isPending) return <ForbiddenPage />;
  return (
    <Page
      title={info.data?.title ?? course}
      wide
      above={
        <nav className="trail" aria-label={messages.back}>
          <Link href="/author">{messages.authorTitle}</Link>
          <Link href={`/courses/${course}`}>{messages.mapTitle}</Link>
          <Link href={`/author/${course}/item`}>{messages.itemParts}</Link>
          <Link href={`/author/${course}/people`}>{messages.peopleTitle}</Link>
          <Link href={`/author/${course}/class`}>{messages.classTitle}</Link>
          <Link href={`/author/${course}/insight`}>{messages.insightTitle}</Link>
          <Link href={`/author/${course}/regrade`}>{messages.regradeTitle}</Link>
        </nav>
      }
    >
      {info.isError ? <FaultNote fault={info.error} retry={() => void info.refetch()} /> : null}
      {info.isPending ? <Loading /> : null}
      {info.data === undefined ? null : (
        <Workbench course={course} title={info.data.title} active={info.data.active_version} />
      )}
    </Page>
  );
}

function Workbench({ course, title, active }: { course: string; title: string; active: number | null }) {
  const messages = useMessages();
  const id = useId();
  const editor = useRef<EditorHandle>(null);
  const [text, setText] = useState(() => startingPoint(course, title));
  const [said, setSaid] = useState("");
  const [policy, setPolicy] = useState<Policy>("grandfather");
  const [note, setNote] = useState("");
  const [fault, setFault] = useState<unknown>(null);
  const send = useSendDraft(course, messages);
  const typed = useTypedText(course, text);
  const change = (next: string) => {
    setText(next);
    // What was said is about another text now: its places would be wrong.
    send.reset();
  };
  const mayReplace = () => !typed.isDirty() || window.confirm(messages.replaceTyped);
  const load = async (version: number) => {
    if (!mayReplace()) return;
    try {
      const document = await request<unknown>(`/courses/${course}/versions/${version}`);
      setFault(null);
      const next = JSON.stringify(document, null, 2);
      typed.startFrom(next);
      change(next);
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
  // The editor opens with what is published; later versions do not overwrite what somebody is writing.
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when the page opens.
  useEffect(() => {
    const kept = typed.kept();
    if (kept !== null) {
      change(kept);
      setSaid(messages.keptText);
    } else if (active !== null) void load(active);
  }, []);
  const format = () => {
    const located = locateJson(text);
    if (located.ok) change(JSON.stringify(located.value, null, 2));
    else editor.current?.reveal(located.at, located.at + 1);
  };
  const outcome = send.data;
  const submit = (isTrial: boolean) => {
    if (send.isPending) return;
    const published = (result: Outcome) => {
      if (result.kind === "published") typed.startFrom(text);
    };
    send.mutate({ draft: { text, policy, note }, isTrial }, { onSuccess: published });
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
          {said}
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

/** The smallest document that can be published, for a course that has none. */
function startingPoint(course: string, title: string): string {
  const chapter = { id: `${course}.welcome`, title: "Welcome", content: "Begin here.", problems: [] };
  return JSON.stringify({ slug: course, title, chapters: [chapter] }, null, 2);
}
