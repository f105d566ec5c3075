import { isRefusal } from "../api/problem.ts";
import { useEnroll } from "../api/writes.ts";
import { useMessages } from "../i18n/index.ts";
import { FaultNote } from "../parts/fault.tsx";

/** Enrolls the signed-in user, where the course takes people who come by themselves. */
export function EnrollButton({ course }: { course: string }) {
  const messages = useMessages();
  const enroll = useEnroll(course);
  if (isRefusal(enroll.error, "forbidden")) return <p role="status">{messages.enrollClosed}</p>;
  return (
    <>
      {enroll.isError ? <FaultNote fault={enroll.error} /> : null}
      <button
        type="button"
        className="button is-primary"
        aria-disabled={enroll.isPending}
        onClick={() => {
          if (!enroll.isPending) enroll.mutate();
        }}
      >
        {enroll.isPending ? messages.enrolling : messages.enroll}
      </button>
    </>
  );
}
