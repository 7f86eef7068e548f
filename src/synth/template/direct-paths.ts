/** Paths of a REST API, which are a resource for each segment below the other. */
import { idsOf } from "../names.ts";
import { attribute, type Resource, ref } from "./cloudformation.ts";

type Paths = {
  readonly resources: Readonly<Record<string, Resource>>;
  /** The logical id of a path. */
  readonly idOf: (path: string) => string;
};

export function pathsOf(api: string, paths: readonly string[]): Paths {
  const all = [...new Set(paths.flatMap(upTo))].sort();
  const ids = idsOf(all.map((path) => path.slice(1)));
  const idOf = (path: string) => `Direct${ids.get(path.slice(1))}`;
  const resources = all.map((path): readonly [string, Resource] => {
    const end = path.lastIndexOf("/");
    return [
      idOf(path),
      {
        Type: "AWS::ApiGateway::Resource",
        Properties: {
          ParentId: end === 0 ? attribute(api, "RootResourceId") : ref(idOf(path.slice(0, end))),
          PathPart: path.slice(end + 1),
          RestApiId: ref(api),
        },
      },
    ];
  });
  return { resources: Object.fromEntries(resources), idOf };
}

/** "/a/b" → "/a", "/a/b". */
function upTo(path: string): readonly string[] {
  const segments = path.slice(1).split("/");
  return segments.map((_, place) => `/${segments.slice(0, place + 1).join("/")}`);
}
