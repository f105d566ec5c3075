import { useSearchParams } from "wouter";
import { isAbsent } from "../../../api/problem.ts";
import { usePeopleText } from "../../../i18n/people.ts";
import { FaultNote, Loading } from "../../../parts/fault.tsx";
import { Page } from "../../../parts/page.tsx";
import { Segments } from "../../../parts/segments.tsx";
import { ForbiddenPage, NotFoundPage } from "../../not-found.tsx";
import { AddPeople } from "./add.tsx";
import { Rights } from "./rights.tsx";
import { Roll } from "./roll.tsx";
import { RosterFile } from "./roster-file.tsx";
import { StaffTrail, useRights } from "./trail.tsx";

const VIEWS = ["learners", "add", "file", "rights"] as const;
type View = (typeof VIEWS)[number];

/** The people of one course: its learners, how they join, and who has rights in it. */
export default function PeoplePage({ course }: { course: string }) {
  const text = usePeopleText();
  const { info, isKnown, isStaff, mayManage, isOwner } = useRights(course);
  const [search, setSearch] = useSearchParams();
  if (isAbsent(info.error)) return <NotFoundPage />;
  if (isKnown && !isStaff) return <ForbiddenPage />;
  const asked = VIEWS.find((view) => view === search.get("view")) ?? "learners";
  const view: View = mayManage || asked === "rights" ? asked : "learners";
  const options: [View, string][] = [
    ["learners", text.learners],
    ...(mayManage
      ? ([
          ["add", text.addPeople],
          ["file", text.rosterFile],
        ] as [View, string][])
      : []),
    ["rights", text.rights],
  ];
  return (
    <Page
      title={text.people}
      wide
      lead={<p>{text.peopleLead}</p>}
      above={<StaffTrail course={course} mayManage={mayManage} />}
    >
      {info.isError ? <FaultNote fault={info.error} retry={() => void info.refetch()} /> : null}
      {info.isPending ? <Loading /> : null}
      {isKnown ? (
        <>
          <div className="people-bar">
            <Segments
              label={text.people}
              options={options}
              value={view}
              onChange={(next) => setSearch(next === "learners" ? {} : { view: next }, { replace: true })}
            />
          </div>
          {view === "learners" ? <Roll course={course} mayManage={mayManage} /> : null}
          {view === "add" ? <AddPeople course={course} /> : null}
          {view === "file" ? <RosterFile course={course} /> : null}
          {view === "rights" ? <Rights course={course} mayManage={mayManage} isOwner={isOwner} /> : null}
        </>
      ) : null}
    </Page>
  );
}
