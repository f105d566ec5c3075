import { isAbsent } from "../../api/problem.ts";
import { request } from "../../api/request.ts";
import type { XapiStore } from "../../api/types.ts";
import { formatInstant, useLanguage } from "../../i18n/index.ts";
import { useRecordsText } from "../../i18n/records.ts";
import { FaultNote, Loading } from "../../parts/fault.tsx";
import { Page } from "../../parts/page.tsx";
import { StaffTrail, useRights } from "../author/people/trail.tsx";
import { ForbiddenPage, NotFoundPage } from "../not-found.tsx";
import { useRecordsWrite, useStoreOf } from "./api.ts";
import { Credentials } from "./credentials.tsx";
import { NewestStatements } from "./newest.tsx";
import { SettingsForm } from "./settings-form.tsx";

/** The learning records of one course: what statements tell, who may send them, the last ones, and why one was refused. */
export default function RecordsPage({ course }: { course: string }) {
  const text = useRecordsText();
  const { info, isKnown, mayManage } = useRights(course);
  if (isAbsent(info.error)) return <NotFoundPage />;
  if (isKnown && !mayManage) return <ForbiddenPage />;
  return (
    <Page title={text.title} above={<StaffTrail course={course} mayManage />} lead={<p>{text.leadCourse}</p>} wide>
      <StoreOf course={course} />
    </Page>
  );
}

function StoreOf({ course }: { course: string }) {
  const text = useRecordsText();
  const store = useStoreOf(course);
  if (store.isError) return <FaultNote fault={store.error} retry={() => void store.refetch()} />;
  if (store.isPending) return <Loading />;
  return (
    <>
      <State store={store.data} />
      <SettingsForm key={JSON.stringify(store.data.settings)} store={store.data} />
      <Credentials course={course} />
      <section aria-labelledby="newest-statements">
        <h2 id="newest-statements">{text.newestTitle}</h2>
        <button type="button" className="button is-small" onClick={() => void store.refetch()}>
          {text.reload}
        </button>
        <NewestStatements label={text.newestTitle} newest={store.data.newest} />
      </section>
    </>
  );
}

/** Whether statements arrive, and why one did not. */
function State({ store }: { store: XapiStore }) {
  const text = useRecordsText();
  const language = useLanguage();
  const { course, on, settings, statements, most_statements, last_stored_at, last_refused } = store;
  const turn = useRecordsWrite((to: boolean) =>
    request(`/courses/${course}/xapi`, { method: "PUT", body: { ...settings, on: to } }),
  );
  return (
    <section aria-label={text.state}>
      <p>
        {on ? text.isOn : text.isOff} {text.count(statements, most_statements)}{" "}
        {last_stored_at === null ? "" : text.lastStored(formatInstant(last_stored_at, language))}
      </p>
      {last_refused === null ? null : (
        <div data-refused={last_refused.code}>
          <p>{text.refusedWhen(formatInstant(last_refused.at, language), last_refused.code)}</p>
          {last_refused.errors.map(({ path, rule, message }) => (
            <p key={`${path} ${rule}`} className="fine">
              <code>{path}</code> {message}
            </p>
          ))}
        </div>
      )}
      <button
        type="button"
        className="button"
        aria-disabled={turn.isPending}
        onClick={() => {
          if (!turn.isPending) turn.mutate(!on);
        }}
      >
        {on ? text.switchOff : text.switchOn}
      </button>
      {turn.isError ? <FaultNote fault={turn.error} /> : null}
    </section>
  );
}
