import { Link } from "wouter";
import { useLearningText } from "../../i18n/learning.ts";
import { useOwnCertificate } from "./api.ts";
import { CalendarBox } from "./calendar.tsx";
import { NextThings } from "./next.tsx";
import { NoticesBox } from "./notices.tsx";
import { CourseSearch } from "./search.tsx";

/** What stands above a learner's map: the next thing, search, notices, calendar, and the certificate. */
export default function LearnerTools({ course, isWorthAsking }: { course: string; isWorthAsking: boolean }) {
  return (
    <div className="learning">
      <Certificate course={course} isWorthAsking={isWorthAsking} />
      <NextThings course={course} />
      <div className="learning-tools">
        <CourseSearch course={course} />
        <NoticesBox course={course} />
        <CalendarBox course={course} />
      </div>
    </div>
  );
}

function Certificate({ course, isWorthAsking }: { course: string; isWorthAsking: boolean }) {
  const text = useLearningText();
  const certificate = useOwnCertificate(course, isWorthAsking).data?.certificate ?? null;
  if (certificate === null) return null;
  return (
    <p className={certificate.status === "valid" ? "certificate-note" : "certificate-note is-revoked"}>
      <span>{certificate.status === "valid" ? text.certificateEarned : text.certificateRevoked}</span>
      <Link className="button is-small" href={`/certificates/${certificate.id}`}>
        {text.certificateSee}
      </Link>
    </p>
  );
}
