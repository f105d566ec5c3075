import { Link, Redirect } from "wouter";
import { request } from "../../api/request.ts";
import { useOrganizationText } from "../../i18n/organizations.ts";
import { FaultNote, Loading } from "../../parts/fault.tsx";
import { Page } from "../../parts/page.tsx";
import { useHasRole } from "../../session/hooks.ts";
import { PartForm, textIn } from "../account/part.tsx";
import { ForbiddenPage } from "../not-found.tsx";
import { type Organization, useOrganizationWrite } from "./api.ts";
import { useMine } from "./mine.ts";

/** All organisations, for an administrator; whoever manages one is led to it. */
export default function OrganizationsPage() {
  const text = useOrganizationText();
  const isAdmin = useHasRole("admin");
  const mine = useMine({ enabled: true });
  const own = mine.data?.[0];
  if (!isAdmin && own !== undefined) return <Redirect to={`/organizations/${own.id}`} replace />;
  if (!isAdmin && mine.isSuccess && !mine.isFetching) return <ForbiddenPage />;
  return (
    <Page title={text.title} lead={<p>{text.lead}</p>}>
      {mine.isPending ? <Loading /> : null}
      {mine.isError ? <FaultNote fault={mine.error} retry={() => void mine.refetch()} /> : null}
      {mine.data?.length === 0 ? <p>{text.none}</p> : null}
      <ul className="members">
        {mine.data?.map(({ id, name }) => (
          <li key={id}>
            <span>
              <Link href={`/organizations/${id}`}>{name}</Link> <code className="fine">{id}</code>
            </span>
          </li>
        ))}
      </ul>
      {isAdmin && mine.data !== undefined ? <Make known={mine.data} /> : null}
    </Page>
  );
}

function Make({ known }: { known: readonly Organization[] }) {
  const text = useOrganizationText();
  const make = useOrganizationWrite(({ id, name }: { id: string; name: string }) =>
    request<Organization>(`/organizations/${id}`, { method: "PUT", body: { name } }),
  );
  return (
    <section aria-label={text.make}>
      <h2>{text.make}</h2>
      <PartForm
        label={text.make}
        write={make}
        done={text.made(make.data?.name ?? "")}
        onSubmit={(form, element) => {
          const id = textIn(form, "id").trim();
          make.mutate({ id, name: textIn(form, "name").trim() }, { onSuccess: () => element.reset() });
        }}
      >
        <label className="field">
          <span>{text.id}</span>
          <input
            name="id"
            required
            maxLength={64}
            pattern="[a-z0-9]([a-z0-9\-]*[a-z0-9])?"
            title={text.idHint}
            autoComplete="off"
            spellCheck={false}
            onChange={(event) => {
              // The same request would give the one that is there another name.
              const isTaken = known.some(({ id }) => id === event.target.value.trim());
              event.target.setCustomValidity(isTaken ? text.exists : "");
            }}
          />
          <span className="fine">{text.idHint}</span>
        </label>
        <label className="field">
          <span>{text.name}</span>
          <input name="name" required maxLength={100} autoComplete="off" />
        </label>
      </PartForm>
    </section>
  );
}
