import { useQuery } from "@tanstack/react-query";
import { Link, useSearchParams } from "wouter";
import { isAbsent } from "../../api/problem.ts";
import { request } from "../../api/request.ts";
import { useOrganizationText } from "../../i18n/organizations.ts";
import { FaultNote, Loading } from "../../parts/fault.tsx";
import { Page } from "../../parts/page.tsx";
import { Segments } from "../../parts/segments.tsx";
import { useHasRole } from "../../session/hooks.ts";
import { PartForm, textIn } from "../account/part.tsx";
import { NotFoundPage } from "../not-found.tsx";
import { AddPeople } from "./add.tsx";
import { type Organization, useOrganizationWrite } from "./api.ts";
import { CoursesPart } from "./courses.tsx";
import { ORGANIZATIONS_KEY } from "./mine.ts";
import { PeoplePart } from "./people.tsx";

type View = "people" | "add" | "courses" | "settings";

/** One organisation, for administrators and its managers: its people, how they come, and its courses. */
export default function OrganizationPage({ id }: { id: string }) {
  const text = useOrganizationText();
  const isAdmin = useHasRole("admin");
  const [search, setSearch] = useSearchParams();
  const organization = useQuery({
    queryKey: [...ORGANIZATIONS_KEY, id],
    queryFn: () => request<Organization>(`/organizations/${encodeURIComponent(id)}`),
  });
  if (isAbsent(organization.error)) return <NotFoundPage />;
  const options: [View, string][] = [
    ["people", text.people],
    ["add", text.add],
    ["courses", text.courses],
    ...(isAdmin ? ([["settings", text.settings]] as [View, string][]) : []),
  ];
  const view = options.find(([name]) => name === search.get("view"))?.[0] ?? "people";
  const { data } = organization;
  return (
    <Page
      title={data?.name ?? text.title}
      lead={<p>{text.oneLead}</p>}
      above={isAdmin ? <Link href="/organizations">{text.all}</Link> : undefined}
      wide
    >
      {organization.isPending ? <Loading /> : null}
      {organization.isError ? <FaultNote fault={organization.error} retry={() => void organization.refetch()} /> : null}
      {data === undefined ? null : (
        <>
          <div className="people-bar">
            <Segments
              label={data.name}
              options={options}
              value={view}
              onChange={(next) => setSearch(next === "people" ? {} : { view: next }, { replace: true })}
            />
          </div>
          {view === "people" ? <PeoplePart organization={id} isAdmin={isAdmin} /> : null}
          {view === "add" ? <AddPeople organization={id} isAdmin={isAdmin} /> : null}
          {view === "courses" ? <CoursesPart organization={id} isAdmin={isAdmin} /> : null}
          {view === "settings" ? <Rename organization={data} /> : null}
        </>
      )}
    </Page>
  );
}

function Rename({ organization: { id, name } }: { organization: Organization }) {
  const text = useOrganizationText();
  const rename = useOrganizationWrite((to: string) =>
    request<Organization>(`/organizations/${id}`, { method: "PUT", body: { name: to } }),
  );
  return (
    <PartForm
      label={text.rename}
      write={rename}
      done={text.renamed}
      onSubmit={(form) => rename.mutate(textIn(form, "name").trim())}
    >
      <label className="field">
        <span>{text.name}</span>
        <input name="name" required maxLength={100} defaultValue={name} autoComplete="off" />
      </label>
    </PartForm>
  );
}
