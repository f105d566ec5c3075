import { useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense } from "react";
import { Link, useLocation, useSearchParams } from "wouter";
import { isAbsent } from "../../../api/problem.ts";
import { useCourseInfo } from "../../../api/queries.ts";
import { useGradingText } from "../../../i18n/grading.ts";
import { useMessages } from "../../../i18n/index.ts";
import { useStudioText } from "../../../i18n/studio.ts";
import { FaultNote, Loading } from "../../../parts/fault.tsx";
import { Page } from "../../../parts/page.tsx";
import { Segments } from "../../../parts/segments.tsx";
import { useHasRole, useUser } from "../../../session/hooks.ts";
import { ForbiddenPage, NotFoundPage } from "../../not-found.tsx";
import { refreshCourse } from "../publish.ts";
import { NEWCOMER, useCheck } from "./check.ts";
import { DocumentView } from "./document.tsx";
import { OutlineView } from "./outline-view.tsx";
import { PublishPanel } from "./publish-panel.tsx";
import { SaveStatus } from "./save-status.tsx";
import { emptyDocument } from "./start.ts";
import { keyOfId } from "./tree.ts";
import { useCopy } from "./use-copy.ts";
import { useOutline } from "./use-outline.ts";

// Drawing a map needs the code that places its cards, and few authors look at the map each time.
const Preview = lazy(async () => ({ default: (await import("./preview.tsx")).Preview }));

const VIEWS = ["outline", "map", "publish", "document"] as const;
type View = (typeof VIEWS)[number];

/** One course of an author: its outline and forms, a preview of the map, publishing, and the document as text. */
export default function StudioPage({ course, view }: { course: string; view: "studio" | "document" }) {
  const messages = useMessages();
  const gradingText = useGradingText();
  const isAuthor = useHasRole("author", "admin");
  const info = useCourseInfo(course);
  // A co-author need not have the role author.
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
          <Link href={`/author/${course}/people`}>{messages.peopleTitle}</Link>
          <Link href={`/author/${course}/class`}>{messages.classTitle}</Link>
          <Link href={`/author/${course}/insight`}>{messages.insightTitle}</Link>
          <Link href={`/author/${course}/regrade`}>{gradingText.regradeTitle}</Link>
        </nav>
      }
    >
      {info.isError ? <FaultNote fault={info.error} retry={() => void info.refetch()} /> : null}
      {info.isPending ? <Loading /> : null}
      {info.data === undefined ? null : (
        <Studio
          course={course}
          title={info.data.title}
          active={info.data.active_version}
          isText={view === "document"}
        />
      )}
    </Page>
  );
}

function Studio(props: { course: string; title: string; active: number | null; isText: boolean }) {
  const { course, title, active, isText } = props;
  const text = useStudioText();
  const client = useQueryClient();
  const user = useUser()?.id ?? "";
  const [, navigate] = useLocation();
  const [search] = useSearchParams();
  const asked = VIEWS.find((view) => view === search.get("view")) ?? "outline";
  const view: View = isText ? "document" : asked === "document" ? "outline" : asked;
  const copy = useCopy(course, user, active, emptyDocument(course, title));
  const { check, fault: checkFault } = useCheck(
    course,
    copy.present,
    copy.origin !== null && view !== "document",
    NEWCOMER,
  );
  const focusForm = () => document.querySelector<HTMLInputElement>(".studio-form [data-field]")?.focus();
  const outline = useOutline(course, copy, focusForm);
  const go = (to: View) => {
    // The text keeps its old address.
    if (to === "document") navigate(`/author/${course}`);
    else navigate(`/author/${course}/studio${to === "outline" ? "" : `?view=${to}`}`);
  };
  const published = (version: number) => {
    void copy.published(version).then(() => refreshCourse(client, course));
  };
  const isTold = check !== null && copy.tree !== null;
  const findings = isTold ? check.findings : [];
  const errors = findings.filter(({ isError }) => isError).length;
  if (copy.fault !== null && copy.origin === null) return <FaultNote fault={copy.fault} retry={copy.retry} />;
  if (copy.origin === null) return <Loading />;
  const options: [View, string][] = VIEWS.map((each) => [each, text.views[each]]);
  return (
    <div className="studio">
      <div className="studio-bar">
        <Segments label={text.studio} options={options} value={view} onChange={go} />
        <SaveStatus copy={copy} />
      </div>
      {copy.fault === null ? null : <FaultNote fault={copy.fault} />}
      {checkFault === null || view === "map" ? null : <FaultNote fault={checkFault} />}
      {copy.tree === null && view !== "document" ? (
        <p className="note is-bad" role="alert">
          {text.notADocument}{" "}
          <button type="button" className="link" onClick={() => go("document")}>
            {text.views.document}
          </button>
        </p>
      ) : null}
      {view === "outline" && copy.tree !== null ? (
        <OutlineView course={course} copy={copy} tree={copy.tree} outline={outline} findings={findings} />
      ) : null}
      {view === "map" && copy.tree !== null ? (
        <Suspense fallback={<Loading />}>
          <Preview
            course={course}
            snapshot={copy.present}
            edit={(id) => {
              outline.select(copy.tree === null ? null : keyOfId(copy.tree, id));
              go("outline");
            }}
          />
        </Suspense>
      ) : null}
      {view === "publish" ? (
        <PublishPanel
          course={course}
          tree={copy.tree}
          text={copy.text}
          errors={errors}
          onPublished={published}
          showProblems={() => go("outline")}
        />
      ) : null}
      {view === "document" ? (
        <DocumentView course={course} active={active} copy={copy} onPublished={published} />
      ) : null}
    </div>
  );
}
