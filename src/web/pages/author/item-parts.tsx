import { useEffect, useState } from "react";
import { Link, useSearchParams } from "wouter";
import { useCourseInfo } from "../../api/queries.ts";
import { request } from "../../api/request.ts";
import { useLanguage, useMessages } from "../../i18n/index.ts";
import { FaultNote, Loading } from "../../parts/fault.tsx";
import { Page } from "../../parts/page.tsx";
import { useHasRole } from "../../session/hooks.ts";
import { ForbiddenPage } from "../not-found.tsx";
import { ContentField, type ContentPart } from "./content/index.tsx";
import { type DraftItem, itemsOf, withItem } from "./rules/document.ts";
import { RuleField } from "./rules/index.tsx";
import { useTypedText } from "./typed-text.ts";

/** The rule and the content of one item of a draft. What is changed here is what the course's editor opens with. */
export default function ItemPartsPage({ course }: { course: string }) {
  const messages = useMessages();
  const isAuthor = useHasRole("author", "admin");
  const info = useCourseInfo(course);
  if (!isAuthor && info.data?.role !== "co_author" && !info.isPending) return <ForbiddenPage />;
  return (
    <Page
      title={messages.itemParts}
      wide
      lead={<p className="fine">{messages.itemPartsLead}</p>}
      above={
        <nav className="trail" aria-label={messages.back}>
          <Link href="/author">{messages.authorTitle}</Link>
          <Link href={`/author/${course}`}>{info.data?.title ?? course}</Link>
        </nav>
      }
    >
      {info.isError ? <FaultNote fault={info.error} retry={() => void info.refetch()} /> : null}
      {info.data === undefined ? <Loading /> : <Draft course={course} active={info.data.active_version} />}
    </Page>
  );
}

function Draft({ course, active }: { course: string; active: number | null }) {
  const messages = useMessages();
  const [text, setText] = useState("");
  const [fault, setFault] = useState<unknown>(null);
  const typed = useTypedText(course, text);
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when the page opens.
  useEffect(() => {
    const kept = typed.kept();
    if (kept !== null) setText(kept);
    else if (active !== null) {
      request<unknown>(`/courses/${course}/versions/${active}`).then((document) => {
        const loaded = JSON.stringify(document, null, 2);
        typed.startFrom(loaded);
        setText(loaded);
      }, setFault);
    }
  }, []);
  if (fault !== null) return <FaultNote fault={fault} />;
  const document = readJson(text);
  if (document === null) return <p className="fine">{messages.itemPartsNone}</p>;
  return <Parts document={document} onChange={(next) => setText(JSON.stringify(next, null, 2))} />;
}

function Parts({ document, onChange }: { document: unknown; onChange: (document: unknown) => void }) {
  const messages = useMessages();
  const language = useLanguage();
  const [search, setSearch] = useSearchParams();
  const items = itemsOf(document, language);
  const chosen: DraftItem | undefined = items.find(({ id }) => id === search.get("item")) ?? items[0];
  if (chosen === undefined) return <p className="fine">{messages.itemPartsNone}</p>;
  const { id, raw } = chosen;
  const set = (part: object) => onChange(withItem(document, id, part));
  const { keeps } = raw;
  return (
    <>
      <label className="field">
        <span>{messages.itemPartsItem}</span>
        <select value={id} onChange={(event) => setSearch({ item: event.target.value })}>
          {items.map((item) => (
            <option key={item.id} value={item.id}>
              {item.chapter === null ? item.title : `— ${item.title}`}
            </option>
          ))}
        </select>
      </label>
      <section aria-labelledby="item-rule">
        <h2 id="item-rule">{messages.itemPartsRule}</h2>
        <RuleField
          key={`rule ${id}`}
          value={raw.rule ?? null}
          course={document}
          item={id}
          onChange={(rule) => set({ rule })}
          keeps={typeof keeps === "boolean" ? keeps : undefined}
          onKeeps={(next) => set({ keeps: next })}
        />
      </section>
      <section aria-labelledby="item-content">
        <h2 id="item-content">{messages.itemPartsContent}</h2>
        <ContentField
          key={`content ${id}`}
          value={partOf(raw)}
          course={document}
          item={id}
          onChange={({ content, question, answer, rubric }) => set({ content, question, answer, rubric })}
        />
      </section>
    </>
  );
}

function partOf({ content, question, answer, rubric }: Record<string, unknown>): ContentPart {
  return { content, question, answer, rubric };
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
