"""The dialect's views: translation only."""
