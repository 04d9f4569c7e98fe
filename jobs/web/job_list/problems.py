"""Problems of a search, at their places in its text."""

from dataclasses import dataclass, replace

from jobs.web.job_list.query import ListQuery


@dataclass(frozen=True)
class SearchProblemView:
    """`query` is the search with the suggestion in place; empty without a suggestion."""

    before: str
    part: str
    after: str
    message: str
    suggestion: str
    query: str


def problem_views(query: ListQuery) -> list[SearchProblemView]:
    return [
        SearchProblemView(
            before=query.text[: problem.start],
            part=query.text[problem.start : problem.end],
            after=query.text[problem.end :],
            message=problem.message,
            suggestion=problem.suggestion,
            query=replace(
                query, text=query.text[: problem.start] + problem.suggestion + query.text[problem.end :]
            ).query
            if problem.suggestion
            else "",
        )
        for problem in query.problems
    ]
