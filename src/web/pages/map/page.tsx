import { lazy, type ReactNode, Suspense, useMemo, useState } from "react";
import { Link, useSearchParams } from "wouter";
import { useNeeds } from "../../api/needs.ts";
import { isAbsent, isRefusal } from "../../api/problem.ts";
import { type Eyes, useChapters, useCourseInfo, useProblems, useWhy } from "../../api/queries.ts";
import { type ItemState, shortName } from "../../api/types.ts";
import { useMessages } from "../../i18n/index.ts";
import { FaultNote, Loading } from "../../parts/fault.tsx";
import { Meter } from "../../parts/meter.tsx";
import { Page } from "../../parts/page.tsx";
import { Segments } from "../../parts/segments.tsx";
import { StateBadge } from "../../parts/state.tsx";
import { EnrollButton } from "../enroll.tsx";
import { NotFoundPage } from "../not-found.tsx";
import { MapGraph } from "./graph.tsx";
import { mapNodes, NARROW } from "./layout.ts";
import { MapList } from "./list.tsx";
import { MapPanel } from "./panel.tsx";

const LearnerTools = lazy(() => import("../learning/side.tsx"));

type View = "map" | "list";
const STATES: ItemState[] = ["locked", "unlocked", "started", "completed"];

/** One course: its map, or the same as a list, as far as the signed-in user may see. */
export function MapPage({ course }: { course: string }) {
  const messages = useMessages();
  const info = useCourseInfo(course);
  const [eyes, setEyes] = useState<Eyes>("own");
  const chapters = useChapters(course, eyes);
  const problems = useProblems(course, eyes);
  const [view, setView] = useState<View>(() => (matchMedia(NARROW).matches ? "list" : "map"));
  const [isStaff, setIsStaff] = useState(false);
  if (chapters.data?.snapshot.source === "staff" && eyes === "own" && !isStaff) setIsStaff(true);
  const nodes = useMemo(
    () => mapNodes(chapters.data?.results ?? [], problems.data?.results ?? []),
    [chapters.data, problems.data],
  );
  const fault = chapters.error ?? problems.error ?? info.error;
  const title = info.data?.title ?? course;
  const isNew = isRefusal(fault, "not_enrolled");
  const rows = problems.data?.results ?? [];
  const solved = rows.filter((row) => row.status === "completed").length;
  if (isAbsent(fault)) return <NotFoundPage />;
  let body: ReactNode;
  if (isNew) {
    body = (
      <div className="invitation">
        <p>{messages.notEnrolled}</p>
        <EnrollButton course={course} />
      </div>
    );
  } else if (fault !== null) {
    const retry = () => void Promise.all([chapters.refetch(), problems.refetch(), info.refetch()]);
    body = <FaultNote fault={fault} retry={retry} />;
  } else if (chapters.data === undefined || problems.data === undefined) body = <Loading />;
  else if (view === "list") body = <MapList course={course} nodes={nodes} />;
  else {
    body = (
      <MapWithPanel
        course={course}
        nodes={nodes}
        version={chapters.data.snapshot.course_version}
        eyes={eyes}
        isStaff={isStaff}
        problems={rows}
      />
    );
  }
  return (
    <Page
      title={title}
      wide
      above={
        <nav className="trail" aria-label={messages.back}>
          <Link href="/courses">{messages.navCourses}</Link>
        </nav>
      }
    >
      {isStaff || isNew || fault !== null || chapters.data === undefined || problems.data === undefined ? null : (
        <Suspense fallback={<div className="learning is-coming" />}>
          <LearnerTools course={course} isWorthAsking={solved > 0 || chapters.data.results.some(isDone)} />
        </Suspense>
      )}
      {isNew || fault !== null ? null : (
        <div className="map-bar">
          <Segments
            label={messages.viewAs}
            options={[
              ["map", messages.mapView],
              ["list", messages.listView],
            ]}
            value={view}
            onChange={setView}
          />
          {isStaff ? (
            <Segments
              label={messages.staffSees}
              options={[
                ["own", messages.asStaff],
                ["newcomer", messages.asLearner],
              ]}
              value={eyes}
              onChange={setEyes}
            />
          ) : (
            <Meter value={solved} max={rows.length} label={messages.doneOf(solved, rows.length)} />
          )}
          <ul className="legend" aria-label={messages.legend}>
            {STATES.map((state) => (
              <li key={state}>
                <StateBadge state={state} />
              </li>
            ))}
          </ul>
        </div>
      )}
      {body}
    </Page>
  );
}

function isDone({ status }: { status: ItemState }): boolean {
  return status === "completed";
}

function MapWithPanel(props: {
  course: string;
  nodes: ReturnType<typeof mapNodes>;
  version: number;
  eyes: Eyes;
  isStaff: boolean;
  problems: Parameters<typeof MapPanel>[0]["problems"];
}) {
  const { course, nodes, version, eyes, isStaff, problems } = props;
  const [search, setSearch] = useSearchParams();
  const needs = useNeeds(
    course,
    nodes.map((node) => node.row),
    version,
    isStaff ? "newcomer" : "own",
  );
  const asked = search.get("item");
  const node = nodes.find((each) => shortName(each.id) === asked) ?? null;
  const why = useWhy(course, node?.id ?? "", { enabled: node?.row.status === "locked", eyes });
  const missing = useMemo(() => {
    const items = new Set(why.data?.reasons.flatMap((reason) => reason.item ?? []) ?? []);
    return new Set(
      nodes.filter((each) => items.has(each.id) || each.problems.some(({ id }) => items.has(id))).map(({ id }) => id),
    );
  }, [nodes, why.data]);
  if (needs.isError) return <FaultNote fault={needs.error} retry={() => void needs.refetch()} />;
  if (needs.data === undefined) return <Loading />;
  const select = (item: string | null) => setSearch(item === null ? {} : { item: shortName(item) }, { replace: true });
  const close = () => {
    const card = node === null ? null : document.querySelector<HTMLElement>(`[data-item="${CSS.escape(node.id)}"]`);
    select(null);
    // The keyboard continues where it stopped: at the card whose panel has just closed.
    card?.focus();
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: Escape closes the panel from anywhere in it; its button does too.
    <div
      className="map-and-panel"
      onKeyDown={(event) => {
        if (event.key === "Escape" && node !== null) close();
      }}
    >
      <MapGraph nodes={nodes} needs={needs.data} selected={node?.id ?? null} missing={missing} select={select} />
      <MapPanel course={course} node={node} problems={problems} eyes={eyes} close={close} />
    </div>
  );
}
