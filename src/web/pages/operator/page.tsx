import { Link } from "wouter";
import { useAccountText } from "../../i18n/account.ts";
import { useMessages } from "../../i18n/index.ts";
import { useLtiText } from "../../i18n/lti.ts";
import { useOrganizationText } from "../../i18n/organizations.ts";
import { useSignOnText } from "../../i18n/sign-on.ts";
import { useWebhookText } from "../../i18n/webhooks.ts";
import { Page } from "../../parts/page.tsx";
import { useHasRole } from "../../session/hooks.ts";
import { ForbiddenPage } from "../not-found.tsx";
import { DeadLetters } from "./dead-letters.tsx";
import { Models } from "./models.tsx";
import { Pending } from "./pending.tsx";
import { Pipeline } from "./pipeline.tsx";
import { LearningRecords } from "./records.tsx";
import { Stale } from "./stale.tsx";
import { Streams } from "./streams.tsx";

/** What an administrator looks at when something seems late or lost. */
export default function OperatorPage() {
  const messages = useMessages();
  const account = useAccountText();
  const webhooks = useWebhookText();
  const signOn = useSignOnText();
  const lti = useLtiText();
  const organizations = useOrganizationText();
  const isAdmin = useHasRole("admin");
  if (!isAdmin) return <ForbiddenPage />;
  return (
    <Page title={messages.operatorTitle} lead={<p>{messages.operatorLead}</p>} wide>
      <p>
        <Link className="button" href="/operator/users">
          {account.toUsers}
        </Link>{" "}
        <Link className="button" href="/operator/webhooks">
          {webhooks.toWebhooks}
        </Link>{" "}
        <Link className="button" href="/operator/sign-on">
          {signOn.toPage}
        </Link>{" "}
        <Link className="button" href="/operator/lti">
          {lti.toLti}
        </Link>{" "}
        <Link className="button" href="/organizations">
          {organizations.toPage}
        </Link>
      </p>
      <div className="operator">
        <Pipeline />
        <Streams />
        <DeadLetters />
        <LearningRecords />
        <Models />
        <Stale />
        <Pending />
      </div>
    </Page>
  );
}
