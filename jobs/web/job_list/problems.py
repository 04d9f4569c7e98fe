"""Problems of a search, at their places in its text."""

from dataclasses import dataclass, replace

from jobs.web.job_list.query import ListQuery, parse_search


@dataclass(frozen=True)
class SearchProblemView:
    """`query` is the search with the suggestion in place; empty without a suggestion."""

    before: str
    part: str
    after: str
    message: str
    suggestion: str
    query: str


def problems_while_typing(query: ListQuery, text: str, caret: int) -> list[SearchProblemView]:
    """Return the problems of the text that is typed. What the caret touches may be unfinished and is left out."""
    problems = parse_search(text)[1]
    finished = tuple(problem for problem in problems if not problem.start <= caret <= problem.end)
    return problem_views(replace(query, text=text, problems=finished))


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
