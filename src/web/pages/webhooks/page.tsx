import { useId } from "react";
import { useWebhookText } from "../../i18n/webhooks.ts";
import { FaultNote, Loading } from "../../parts/fault.tsx";
import { Page } from "../../parts/page.tsx";
import { StaffTrail } from "../author/people/trail.tsx";
import { useWebhooks } from "./api.ts";
import { WebhookForm } from "./form.tsx";
import { Subscription } from "./subscription.tsx";

/** Other systems that are told what happens in a course, or in all of them (null), and whether it reaches them. */
export default function WebhooksPage({ course }: { course: string | null }) {
  const text = useWebhookText();
  const id = useId();
  const webhooks = useWebhooks(course);
  return (
    <Page
      title={text.title}
      above={course === null ? undefined : <StaffTrail course={course} mayManage />}
      lead={<p>{course === null ? text.leadAll : text.leadCourse}</p>}
      wide
    >
      {webhooks.isError ? <FaultNote fault={webhooks.error} retry={() => void webhooks.refetch()} /> : null}
      {webhooks.isPending ? <Loading /> : null}
      {webhooks.data?.length === 0 ? <p>{text.none}</p> : null}
      <ul className="members">
        {webhooks.data?.map((webhook) => (
          <Subscription key={webhook.id} webhook={webhook} withCourse={course === null} />
        ))}
      </ul>
      {webhooks.isSuccess ? (
        <section aria-labelledby={id}>
          <h2 id={id}>{text.addTitle}</h2>
          <WebhookForm course={course} />
        </section>
      ) : null}
    </Page>
  );
}
