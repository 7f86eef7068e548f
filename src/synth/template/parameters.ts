/** What is decided at each deployment, and the role by which the account's API Gateway may write access logs. */
import { arnOf, filledIn, type Part, RETAINED, ref } from "./cloudformation.ts";
import { trusting } from "./roles.ts";

const RETENTION_DAYS = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1827, 3653];

/** Not an empty text, which no action of an alarm may be even where it is never used. */
const NO_TOPIC = "none";

export function parametersPart(): Part {
  return {
    parameters: {
      AdminToken: {
        AllowedPattern: "^$|^[A-Za-z0-9._~+/-]{16,}=*$",
        ConstraintDescription: "16 letters, digits and . _ ~ + / - at least, or nothing",
        Default: "",
        Description: "The operator's bearer token. Without one nobody may administer.",
        NoEcho: true,
        Type: "String",
      },
      AlarmTopic: {
        Default: NO_TOPIC,
        Description: "ARN of an SNS topic that alarms are sent to. Without one they only show.",
        Type: "String",
      },
      LogRetentionDays: {
        AllowedValues: RETENTION_DAYS,
        Default: 30,
        Description: "How long logs are kept.",
        Type: "Number",
      },
    },
    conditions: {
      HasAdminToken: isNot("AdminToken", ""),
      HasAlarmTopic: isNot("AlarmTopic", NO_TOPIC),
    },
    resources: {
      // Sockets have no access logs without it. It is one for the account and region, so that both stay when the stack
      // goes: other APIs have come to rely on them.
      GatewayAccount: {
        Type: "AWS::ApiGateway::Account",
        Properties: { CloudWatchRoleArn: arnOf("GatewayAccountRole") },
        ...RETAINED,
      },
      GatewayAccountRole: {
        Type: "AWS::IAM::Role",
        Properties: {
          ...trusting("apigateway.amazonaws.com"),
          // API Gateway accepts no role that may write fewer logs than this policy of AWS's says.
          ManagedPolicyArns: [
            filledIn(
              "arn:${AWS::Partition}:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs",
            ),
          ],
        },
        ...RETAINED,
      },
    },
  };
}

function isNot(parameter: string, value: string) {
  return { "Fn::Not": [{ "Fn::Equals": [ref(parameter), value] }] };
}
