"Programs for the course's maintainers; run each as `python -m tools.NAME` from the top of the checkout."
