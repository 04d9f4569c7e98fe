"""The language of job searches, as plain data: `status:failed tag.Project:ALPHA cost>1 "out of memory"`.

grammar     the tokens
keys        the keys, and what their values are
values      times, durations and amounts of money in a search
parser      text to a Search, or problems with their places
query       a Search, its terms, and its text again
text        what free text matches: words of a job, and phrases of a search
completion  what is being typed at the caret
"""

from jobs.search.keys import KEYS, Kind, SearchKey, key_of
from jobs.search.parser import SearchError, SearchProblem, parse
from jobs.search.query import Search, Term

__all__ = ["KEYS", "Kind", "Search", "SearchError", "SearchKey", "SearchProblem", "Term", "key_of", "parse"]
